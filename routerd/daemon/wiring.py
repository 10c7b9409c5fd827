"""Settings to providers: which class serves which kind, and what each is given."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Config, ProviderConfig, Timeouts
from routerd.core.ports import CredentialStore, LocalEngine, Outbound, Provider
from routerd.credentials.environment import WithEnvironment
from routerd.credentials.keyring_store import origin_of
from routerd.credentials.remembered import RememberedSecret
from routerd.engines import gguf, machine_memory
from routerd.network.lmstudio_link import link
from routerd.network.offline import is_loopback
from routerd.network.sdk_transport import OutboundTransport
from routerd.policy.decide import Stance
from routerd.providers.anthropic import AnthropicProvider
from routerd.providers.chat_vendor import ChatVendorProvider
from routerd.providers.cloud import UNKNOWN_PRICE, Account
from routerd.providers.gemini import GeminiProvider
from routerd.providers.llamacpp import LlamaCppProvider
from routerd.providers.lmstudio import LMStudioProvider
from routerd.providers.ollama import OllamaProvider
from routerd.providers.openai import OpenAIProvider
from routerd.providers.openai_compatible import OpenAICompatibleProvider, Server
from routerd.providers.residency import Residency, ResidentProvider
from routerd.providers.vendors import VENDORS
from routerd.settings import clouds, engines, known_keys, places
from routerd.settings.catalogue_file import ModelCatalogue


@dataclass(frozen=True, slots=True)
class Parts:
    """What providers are built from; these outlive every reload.

    `check` refuses an address that may not be reached now, for what has a connection of its own.
    """

    outbound: Outbound
    engine: LocalEngine
    credentials: CredentialStore
    models_dir: Path
    residency: Residency = field(default_factory=Residency)
    check: Callable[[str], None] = lambda url: None
    named: ModelCatalogue = field(default_factory=ModelCatalogue)


def wanted(config: Config, home: Path) -> tuple[ProviderConfig, ...]:
    """Return what to build: configured, well-known, and the clouds whose keys are stored.

    Raises: ConfigInvalid where the list of keys can't be read.
    """
    return engines.wanted(config, os.environ, known_keys.load(home))


def providers(
    config: Config, parts: Parts, wanted: Iterable[ProviderConfig]
) -> tuple[Provider, ...]:
    """Return one provider per entry of `wanted`."""
    return tuple(_planned(_KINDS[e.kind](e, config, parts), e, parts) for e in wanted)


def _planned(provider: Provider, wanted: ProviderConfig, parts: Parts) -> Provider:
    """Let engines of this machine go through one queue: they share its memory."""
    if wanted.kind in ("ollama", "lmstudio", "llamacpp") and wanted.zone == "device":
        return ResidentProvider(provider, parts.residency)
    return provider


# How many requests a model answers at once, as the engines come: LM Studio says 4, the embedded
# one has one worker a model. Ollama queues what is beyond its own number itself.
PARALLEL = {"ollama": 4, "lmstudio": 4, "llamacpp": 1}


def residency(config: Config) -> Residency:
    """Return the one queue for all engines of this machine."""
    places = {"llamacpp": config.llamacpp.max_loaded}
    return Residency(machine_memory.free_bytes, places=places, parallel=PARALLEL)


def engines_here(config: Config) -> tuple[str, ...]:
    """Return the addresses (scheme://host:port) of the engines on this machine."""
    return tuple(
        origin_of(engines.address_of(wanted))
        for wanted in engines.wanted(config, os.environ)
        if wanted.zone == "device" and wanted.kind != "llamacpp"
    )


def stance(config: Config) -> Stance:
    """Return what the settings say to the policy."""
    return Stance(
        profile=config.profile,
        weights=config.weights,
        profiles=config.profiles,
        offline=config.offline,
        strict_models=config.strict_models,
        baseline=config.baseline,
        explore=config.explore,
    )


def _ollama(wanted: ProviderConfig, config: Config, parts: Parts) -> Provider:
    url = engines.address_of(wanted)
    make = partial(
        OutboundTransport,
        parts.outbound,
        first_byte_s=config.timeouts.first_token_s,
        idle_s=config.timeouts.idle_s,
    )
    return OllamaProvider(wanted.name, url, wanted.zone, make)


def _openai_compatible(wanted: ProviderConfig, config: Config, parts: Parts) -> Provider:
    server = Server(wanted.name, wanted.base_url, wanted.zone, wanted.context_tokens)
    secret = _secret(wanted, config, parts).get if wanted.key else None
    return OpenAICompatibleProvider(server, parts.outbound, config.timeouts, secret)


def _lmstudio(wanted: ProviderConfig, config: Config, parts: Parts) -> Provider:
    server = Server(wanted.name, engines.address_of(wanted), wanted.zone, wanted.context_tokens)
    secret = _secret(wanted, config, parts).get if wanted.key else None
    # The SDK knows no tokens, and speaks with this machine alone.
    here = secret is None and wanted.zone == "device" and is_loopback(server.base_url)
    opened = link(server.base_url, parts.check, config.timeouts.connect_s) if here else None
    return LMStudioProvider(server, parts.outbound, config.timeouts, secret, opened)


def _secret(wanted: ProviderConfig, config: Config, parts: Parts) -> RememberedSecret:
    store = parts.credentials
    if config.allow_env_keys:
        homes = {
            name: (cloud.env_key, origin_of(cloud.base_url))
            for name, cloud in clouds.CLOUDS.items()
        }
        store = WithEnvironment(store, os.environ, homes)
    return RememberedSecret(store, wanted.key, origin_of(wanted.base_url))


def _account(wanted: ProviderConfig, parts: Parts) -> Account:
    """Return what is used of a cloud: what the user names, else what a price is known of."""
    patterns = tuple(pattern.lower() for pattern in wanted.models)

    def is_wanted(model: str) -> bool:
        if patterns:
            return any(fnmatchcase(model.lower(), pattern) for pattern in patterns)
        entry = parts.named.find(model)
        return entry is not None and entry.price is not None

    return Account(wanted.name, wanted.base_url.rstrip("/"), wanted.zone, is_wanted)


def _native(
    make: Callable[[Account, Outbound, Timeouts, RememberedSecret], Provider],
) -> Callable[[ProviderConfig, Config, Parts], Provider]:
    def build(wanted: ProviderConfig, config: Config, parts: Parts) -> Provider:
        secret = _secret(wanted, config, parts)
        return make(_account(wanted, parts), parts.outbound, config.timeouts, secret)

    return build


def models_dir(config: Config, usual: Path) -> Path:
    """Return where GGUF files are looked for."""
    chosen = config.llamacpp.models_dir
    return Path(chosen).expanduser() if chosen else usual


def _llamacpp(_: ProviderConfig, config: Config, parts: Parts) -> Provider:
    settings = config.llamacpp
    plumbing = places.shipped_model("plumbing") / "plumbing.gguf"
    return LlamaCppProvider(
        parts.engine,
        models_dir(config, parts.models_dir),
        plumbing if plumbing.is_file() else None,
        gguf.read_metadata,
        settings,
    )


_KINDS: dict[str, Callable[[ProviderConfig, Config, Parts], Provider]] = {
    "ollama": _ollama,
    "lmstudio": _lmstudio,
    "openai_compatible": _openai_compatible,
    "llamacpp": _llamacpp,
    "anthropic": _native(AnthropicProvider),
    "openai": _native(OpenAIProvider),
    "gemini": _native(GeminiProvider),
    **{kind: _native(partial(ChatVendorProvider, vendor)) for kind, vendor in VENDORS.items()},
}


def known(named: ModelCatalogue, candidate: Candidate) -> Candidate:
    """Return the candidate with what the catalogue knows of its name; the engine's word goes first.

    Prices are a cloud's, and where it tells them itself they stand: the same model on a machine of the user's own costs nothing per token.
    """
    entry = named.find(candidate.model)
    if entry is None or candidate.plumbing:
        return candidate
    price = candidate.price
    untold = price in (Price(), UNKNOWN_PRICE)
    if candidate.zone == "cloud" and entry.price is not None and untold:
        price = Price(entry.price.input, entry.price.cached_input, entry.price.output)
    return replace(
        candidate,
        ability=entry.ability,
        abilities={str(task): value for task, value in entry.abilities.items()},
        ability_sd=entry.ability_sd,
        parameters_b=candidate.parameters_b or entry.params_b,
        context_tokens=candidate.context_tokens or entry.context_tokens,
        price=price,
    )


def needing_restart(old: Config, new: Config) -> list[str]:
    """Return the keys of `new` that only a restart puts in force."""
    fixed = ("port", "max_body_mib", "understanding", "log_level")
    keys = [key for key in fixed if getattr(old, key) != getattr(new, key)]
    if old.offline and not new.offline:
        # Whoever can write the file must not be able to open the network behind the user's back.
        keys.append("offline = false")
    if old.llamacpp.max_loaded != new.llamacpp.max_loaded:
        keys.append("llamacpp.max_loaded")
    return keys


def in_force(old: Config, new: Config) -> Config:
    """Return `new` with what only a restart may change kept as it was."""
    return replace(new, offline=new.offline or old.offline, port=old.port)

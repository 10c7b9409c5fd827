"""Settings to providers: which class serves which kind, and what each is given."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Config, ProviderConfig
from routerd.core.ports import CredentialStore, LocalEngine, Outbound, Provider
from routerd.credentials.keyring_store import origin_of
from routerd.engines import gguf
from routerd.network.sdk_transport import OutboundTransport
from routerd.policy.decide import Stance
from routerd.providers.llamacpp import LlamaCppProvider
from routerd.providers.ollama import OllamaProvider
from routerd.providers.openai_compatible import OpenAICompatibleProvider, Server
from routerd.settings import engines, places
from routerd.settings.catalogue_file import ModelCatalogue


@dataclass(frozen=True, slots=True)
class Parts:
    """What providers are built from; these outlive every reload."""

    outbound: Outbound
    engine: LocalEngine
    credentials: CredentialStore
    models_dir: Path


def providers(config: Config, parts: Parts) -> tuple[Provider, ...]:
    """Return one provider per configured or well-known engine."""
    return tuple(
        _KINDS[wanted.kind](wanted, config, parts) for wanted in engines.wanted(config, os.environ)
    )


def engines_here(config: Config) -> tuple[str, ...]:
    """Return the addresses (scheme://host:port) of the engines on this machine."""
    return tuple(
        origin_of(wanted.base_url or engines.ollama_address("")[0])
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
    )


def _ollama(wanted: ProviderConfig, config: Config, parts: Parts) -> Provider:
    url = wanted.base_url or engines.ollama_address("")[0]
    make = partial(
        OutboundTransport,
        parts.outbound,
        first_byte_s=config.timeouts.first_token_s,
        idle_s=config.timeouts.idle_s,
    )
    return OllamaProvider(wanted.name, url, wanted.zone, make)


def _openai_compatible(wanted: ProviderConfig, config: Config, parts: Parts) -> Provider:
    server = Server(wanted.name, wanted.base_url, wanted.zone, wanted.context_tokens)
    secret = None
    if wanted.key:
        secret = partial(parts.credentials.get, wanted.key, origin_of(wanted.base_url))
    return OpenAICompatibleProvider(server, parts.outbound, config.timeouts, secret)


def _llamacpp(_: ProviderConfig, config: Config, parts: Parts) -> Provider:
    settings = config.llamacpp
    models_dir = Path(settings.models_dir).expanduser() if settings.models_dir else parts.models_dir
    plumbing = places.shipped_model("plumbing") / "plumbing.gguf"
    return LlamaCppProvider(
        parts.engine,
        models_dir,
        plumbing if plumbing.is_file() else None,
        gguf.read_metadata,
        settings,
    )


_KINDS: dict[str, Callable[[ProviderConfig, Config, Parts], Provider]] = {
    "ollama": _ollama,
    "openai_compatible": _openai_compatible,
    "llamacpp": _llamacpp,
}


def known(named: ModelCatalogue, candidate: Candidate) -> Candidate:
    """Return the candidate with what the catalogue knows of its name; the engine's word goes first.

    Prices are a cloud's: the same model on a machine of the user's own costs nothing per token.
    """
    entry = named.find(candidate.model)
    if entry is None or candidate.plumbing:
        return candidate
    price = candidate.price
    if candidate.zone == "cloud" and entry.price is not None:
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

"""Which engines to look for where nothing is configured; opens no connection."""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from routerd.core.config import Config, ProviderConfig
from routerd.settings import clouds

OLLAMA_PORT, LM_STUDIO_PORT, LLAMA_SERVER_PORT = 11434, 1234, 8080


def is_this_machine(host: str) -> bool:
    """Whether `host` is localhost or a loopback address by number; `127.example.com` is neither."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ollama_address(value: str) -> tuple[str, bool]:
    """Return (base URL, whether it is this machine) from OLLAMA_HOST's many forms.

    `0.0.0.0` and `[::]` are where a server listens; one connects to loopback. What can't be read
    is taken for the default, as Ollama itself does.
    Source: Ollama, envconfig.Host (an explicit scheme brings that scheme's port).
    """
    scheme, written, text = value.strip().rpartition("://")
    if text.count(":") > 1 and "[" not in text:
        text = f"[{text}]"
    try:
        parts = urlsplit(f"{scheme or 'http'}://{text}")
    except ValueError:
        parts, written = urlsplit("http://127.0.0.1"), ""
    default = {"http": 80, "https": 443}.get(parts.scheme) if written else None
    try:
        port = parts.port
    except ValueError:
        port = None
    host = parts.hostname or "127.0.0.1"
    if host in ("0.0.0.0", "::", "localhost"):  # noqa: S104  # compared, not bound
        host = "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    address = f"{parts.scheme}://{shown}:{port or default or OLLAMA_PORT}"
    return address + parts.path.rstrip("/"), is_this_machine(host)


def wanted(
    config: Config, environ: Mapping[str, str], keys: Iterable[str] = ()
) -> tuple[ProviderConfig, ...]:
    """Return every provider to build: the configured ones, and the well-known engines.

    A configured provider takes the place of a well-known one with its name or address. A cloud is
    there once its key is: `keys` are the names in the keyring.
    """
    providers = [clouds.completed(provider) for provider in config.provider if provider.enabled]
    known = _well_known(environ) if config.discover else ()
    named = [*keys, *_keys_in(environ)] if config.allow_env_keys else list(keys)
    found = (clouds.well_known(name) for name in dict.fromkeys(named))
    known = (*known, *(cloud for cloud in found if cloud is not None))
    names = {provider.name for provider in config.provider}
    addresses = {_server(provider) for provider in config.provider}
    providers += [
        provider
        for provider in known
        if provider.name not in names and _server(provider) not in addresses
    ]
    said = names | {provider.kind for provider in config.provider}
    if config.llamacpp.enabled and "llamacpp" not in said:
        providers.append(ProviderConfig("llamacpp", "llamacpp"))
    return tuple(providers)


def _keys_in(environ: Mapping[str, str]) -> list[str]:
    return [name for name, cloud in clouds.CLOUDS.items() if environ.get(cloud.env_key)]


def address_of(provider: ProviderConfig) -> str:
    """Return the base URL; a local engine without one is at its well-known address."""
    places = {"ollama": ollama_address("")[0], "lmstudio": f"http://127.0.0.1:{LM_STUDIO_PORT}"}
    return provider.base_url or places.get(provider.kind, "")


def _server(provider: ProviderConfig) -> str:
    """Return HOST:PORT."""
    return urlsplit(address_of(provider)).netloc


def _well_known(environ: Mapping[str, str]) -> tuple[ProviderConfig, ...]:
    url, local = ollama_address(environ.get("OLLAMA_HOST", ""))
    here = "http://127.0.0.1"
    return (
        ProviderConfig("ollama", "ollama", url, "device" if local else "network"),
        ProviderConfig("lmstudio", "lmstudio", f"{here}:{LM_STUDIO_PORT}"),
        ProviderConfig("llama-server", "openai_compatible", f"{here}:{LLAMA_SERVER_PORT}/v1"),
    )

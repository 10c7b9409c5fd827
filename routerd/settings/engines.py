"""Which engines to look for where nothing is configured; opens no connection."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from routerd.core.config import Config, ProviderConfig

OLLAMA_PORT, LM_STUDIO_PORT, LLAMA_SERVER_PORT = 11434, 1234, 8080


def ollama_address(value: str) -> tuple[str, bool]:
    """Return (base URL, whether it is this machine) from OLLAMA_HOST's many forms.

    `0.0.0.0` and `[::]` are where a server listens; one connects to loopback.
    """
    text = value.strip() or "127.0.0.1"
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = None
    port = port or {"https": 443}.get(parts.scheme, OLLAMA_PORT)
    host = parts.hostname or "127.0.0.1"
    if host in ("0.0.0.0", "::", "localhost"):  # noqa: S104  # compared, not bound
        host = "127.0.0.1"
    local = host == "::1" or host.startswith("127.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port}{parts.path.rstrip('/')}", local


def wanted(config: Config, environ: Mapping[str, str]) -> tuple[ProviderConfig, ...]:
    """Return every provider to build: the configured ones, and the well-known local engines.

    A configured provider takes the place of a well-known one with its name or address.
    """
    providers = [provider for provider in config.provider if provider.enabled]
    known = _well_known(environ) if config.discover else ()
    names = {provider.name for provider in config.provider}
    addresses = {urlsplit(provider.base_url).netloc for provider in config.provider}
    providers += [
        provider
        for provider in known
        if provider.name not in names and urlsplit(provider.base_url).netloc not in addresses
    ]
    if config.llamacpp.enabled and "llamacpp" not in {provider.kind for provider in providers}:
        providers.append(ProviderConfig("llamacpp", "llamacpp"))
    return tuple(providers)


def _well_known(environ: Mapping[str, str]) -> tuple[ProviderConfig, ...]:
    url, local = ollama_address(environ.get("OLLAMA_HOST", ""))
    here = "http://127.0.0.1"
    return (
        ProviderConfig("ollama", "ollama", url, "device" if local else "network"),
        ProviderConfig("lmstudio", "openai_compatible", f"{here}:{LM_STUDIO_PORT}/v1"),
        ProviderConfig("llama-server", "openai_compatible", f"{here}:{LLAMA_SERVER_PORT}/v1"),
    )

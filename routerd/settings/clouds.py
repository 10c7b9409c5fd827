"""The clouds routerd knows by name: where they are, and what their key is called."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from routerd.core.config import ProviderConfig


@dataclass(frozen=True, slots=True)
class Cloud:
    """One vendor's API. `env_key` is the variable its own tools read the key from."""

    base_url: str
    env_key: str


# Addresses as each vendor's API reference gives them, 2026-11.
CLOUDS: Mapping[str, Cloud] = {
    "anthropic": Cloud("https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    "openai": Cloud("https://api.openai.com/v1", "OPENAI_API_KEY"),
    "gemini": Cloud("https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
    "deepseek": Cloud("https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    "mistral": Cloud("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "xai": Cloud("https://api.x.ai/v1", "XAI_API_KEY"),
    "openrouter": Cloud("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "groq": Cloud("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "cerebras": Cloud("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "together": Cloud("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
}


def completed(provider: ProviderConfig) -> ProviderConfig:
    """Return the provider with what its kind says filled in: address, key name, zone.

    A cloud's API is zone cloud at whatever address: a proxy on this machine passes prompts on.
    """
    cloud = CLOUDS.get(provider.kind)
    if cloud is None:
        return provider
    return replace(
        provider,
        base_url=provider.base_url or cloud.base_url,
        key=provider.key or provider.name,
        zone="cloud" if provider.zone == "device" else provider.zone,
    )


def well_known(name: str) -> ProviderConfig | None:
    """Return the cloud of that name as it is used where nothing is configured."""
    if name not in CLOUDS:
        return None
    return completed(ProviderConfig(name=name, kind=name))  # type: ignore[arg-type]  # a kind

"""The settings as frozen dataclasses; every key has a default, so an empty file works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from routerd.core.candidate import Zone

ProviderKind = Literal[
    "ollama",
    "lmstudio",
    "llamacpp",
    "openai_compatible",
    "anthropic",
    "openai",
    "gemini",
    "deepseek",
    "mistral",
    "xai",
    "openrouter",
    "groq",
    "cerebras",
    "together",
]


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One `[[provider]]` table. `key` names a keyring entry (`routerd keys set NAME`).

    `models` are name patterns (`gpt-5*`) of what may be used; empty means all that an engine has,
    and of a cloud those whose price is known.
    """

    name: str
    kind: ProviderKind
    base_url: str = ""
    zone: Zone = "device"
    key: str = ""
    context_tokens: int = 0
    models: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the five terms; they need not sum to one, routerd normalises them."""

    complexity: float = 0.35
    history: float = 0.25
    cost: float = 0.20
    latency: float = 0.15
    availability: float = 0.05


@dataclass(frozen=True, slots=True)
class Profile:
    """A named stance. `floor` is the share of the best candidate's P(success) one must reach."""

    floor: float = 0.9
    weights: Weights = Weights()


@dataclass(frozen=True, slots=True)
class LlamaCppConfig:
    """Settings of the embedded engine. `gpu_layers` -1 offloads all; `threads` 0 picks."""

    enabled: bool = True
    models_dir: str = ""
    context_tokens: int = 8192
    gpu_layers: int = -1
    threads: int = 0
    max_loaded: int = 1


@dataclass(frozen=True, slots=True)
class UnderstandingConfig:
    """Settings of the classifier; beyond 192 tokens accuracy did not grow (models/training/README.md)."""

    enabled: bool = True
    intra_op_threads: int = 1
    max_tokens: int = 192
    budget_ms: int = 250


@dataclass(frozen=True, slots=True)
class Notifications:
    """What the tray notifies of; none unless switched on. No notification holds prompt text."""

    budget: bool = False
    refused: bool = False
    engine: bool = False


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `idle_s` bounds the silence inside a stream, `whole_answer_s` one not streamed."""

    connect_s: float = 2.0
    first_token_s: float = 120.0
    whole_answer_s: float = 600.0
    idle_s: float = 30.0
    drain_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Config:
    """All of `config.toml`.

    `check_every_s`: how often engines are looked for. `explore`: share of the requests with nothing at
    stake that go to a model little is known of (policy.explore).
    """

    port: int = 7411
    profile: str = "balanced"
    baseline: str = "anthropic/claude-sonnet"
    offline: bool = False
    store_embeddings: bool = True
    strict_models: bool = False
    discover: bool = True
    allow_env_keys: bool = False
    max_body_mib: int = 32
    check_every_s: float = 30.0
    explore: float = 0.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    provider: tuple[ProviderConfig, ...] = ()
    weights: Weights = Weights()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    llamacpp: LlamaCppConfig = LlamaCppConfig()
    understanding: UnderstandingConfig = UnderstandingConfig()
    timeouts: Timeouts = Timeouts()
    notifications: Notifications = Notifications()

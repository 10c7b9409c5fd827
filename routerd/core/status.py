"""The daemon's whole state as the tray, the dashboard and the command line see it."""

from dataclasses import dataclass

from routerd.core.candidate import Zone


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model as `routerd models` prints it.

    `engine` is the kind of its provider; `loaded_tokens` the window in effect, 0 while it isn't
    loaded; prices are US dollars per million tokens, `load_s` what a cold start takes.
    """

    name: str
    provider: str
    zone: Zone
    context_tokens: int
    capabilities: tuple[str, ...]
    warm: bool
    usable: bool
    reason: str
    parameters_b: float
    health: float
    tokens_per_s: float
    plumbing: bool = False
    engine: str = ""
    loaded_tokens: int = 0
    ability: float = 0.0
    ability_sd: float = 0.0
    price_input: float = 0.0
    price_cached_input: float = 0.0
    price_output: float = 0.0
    load_s: float = 0.0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One provider: what was looked for, where, and what was found."""

    name: str
    kind: str
    zone: Zone
    address: str
    up: bool
    models: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """One value holds all; `state` is what a person sees first."""

    state: str
    version: str
    pid: int
    uptime_s: float
    home: str
    base_url: str
    mcp_url: str
    mcp_socket: str
    offline: bool
    offline_layer: str
    profile: str
    classifier: str
    engines: tuple[EngineStatus, ...] = ()
    models: tuple[ModelStatus, ...] = ()
    warnings: tuple[str, ...] = ()
    requests: int = 0
    config_error: str = ""
    memories: int = 0

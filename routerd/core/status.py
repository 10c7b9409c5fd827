"""The daemon's whole state as the tray, the dashboard and the command line see it."""

from dataclasses import dataclass

from routerd.core.candidate import Zone


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model as `routerd models` prints it."""

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

"""The daemon's whole state as the tray, the dashboard and the command line see it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

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
class RunningRequest:
    """A request that is being answered now; `model` is who is asked at this moment."""

    decision: str
    model: str
    zone: Zone
    task: str
    since_unix_s: float


@dataclass(frozen=True, slots=True)
class RecentDecision:
    """A request that was answered lately, or could not be; `model` is '' where nobody did."""

    id: str
    at_unix_s: float
    task: str
    model: str
    zone: Zone
    reason: str
    finish: str = ""


@dataclass(frozen=True, slots=True)
class RefusedEgress:
    """What tried to leave this machine and was refused since the start: how often, and the last."""

    count: int = 0
    last_unix_s: float = 0.0
    host: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Savings:
    """What the baseline would have cost more, in the policy's currency; local day and month."""

    today: float = 0.0
    month: float = 0.0
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Status:
    """One value holds all; `state` is what a person sees first.

    `decisions` are the newest first. `cloud_allowed`: whether any request could be answered by a
    cloud now, and `cloud_reason` why none could. `paused_left_s` is 0 where only a person ends the
    pause. `budgets_reached` and `notifications` are names: of budgets used up, and of what the
    user wants to be notified of.
    """

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
    running: tuple[RunningRequest, ...] = ()
    decisions: tuple[RecentDecision, ...] = ()
    refused: RefusedEgress = RefusedEgress()
    saved: Savings = Savings()
    cloud_allowed: bool = False
    cloud_reason: str = ""
    paused: bool = False
    paused_left_s: float = 0.0
    policy_error: str = ""
    profiles: tuple[str, ...] = ()
    budgets_reached: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()


_ROWS: Mapping[str, type] = {
    "engines": EngineStatus,
    "models": ModelStatus,
    "running": RunningRequest,
    "decisions": RecentDecision,
}
_PARTS: Mapping[str, type] = {"refused": RefusedEgress, "saved": Savings}


def from_json(plain: Mapping[str, Any]) -> Status:
    """Return the Status that /control/status serves as JSON.

    A daemon of another version may know other keys: those are left out, and missing ones take
    their defaults. Raises: ValueError where it is no Status at all.
    """
    try:
        made = _made(Status, {key: _field(key, value) for key, value in plain.items()})
    except (AttributeError, TypeError) as error:
        raise ValueError(f"this is no status of routerd: {error}") from None
    assert isinstance(made, Status)  # noqa: S101  # _made makes what it is told to
    return made


def _field(name: str, value: Any) -> Any:
    if name in _ROWS:
        return tuple(_made(_ROWS[name], row) for row in value)
    if name in _PARTS:
        return _made(_PARTS[name], value)
    return tuple(value) if isinstance(value, list) else value


def _made(kind: type, plain: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    values = {key: value for key, value in plain.items() if key in known}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

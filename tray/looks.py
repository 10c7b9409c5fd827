"""Status to what the icon says, pure; None stands for a daemon that does not run."""

from pathlib import Path

from routerd.core.status import Status
from tray.view import Kind, Look

WORDS: dict[Kind, str] = {
    "stopped": "not running",
    "paused": "paused",
    "busy": "cloud in use now",
    "offline": "offline",
    "cloud": "cloud allowed",
    "local": "local first",
}
# What stands for "no model to work with" in `Status.state`.
_POOR_STATES = ("no models", "plumbing check only")


def look(status: Status | None, seen: int = 0) -> Look:
    """Return the look; `seen` refusals are known to the user already."""
    if status is None:
        return Look("stopped")
    return Look(kind(status), bool(troubles(status)), status.refused.count > seen)


def kind(status: Status) -> Kind:
    """Return the state; that a cloud is in use goes before all else."""
    if any(request.zone == "cloud" for request in status.running):
        return "busy"
    if status.paused:
        return "paused"
    if status.offline:
        return "offline"
    return "cloud" if status.cloud_allowed else "local"


def troubles(status: Status) -> tuple[str, ...]:
    """Return what makes the state degraded, the gravest first, each once."""
    found = [status.config_error, status.policy_error, *status.warnings]
    if status.state in _POOR_STATES:
        found.append(f"{status.state}; `routerd doctor` tells what to do")
    # Where the home is says nothing; what is wrong in which of its files does.
    below = str(Path(status.home, "x"))[:-1]
    return tuple(dict.fromkeys(text.replace(below, "") for text in found if text))


def title(status: Status | None) -> str:
    """Return the tooltip, one line."""
    if status is None:
        return "routerd: not running"
    words = WORDS[kind(status)]
    if status.offline and status.offline_layer:
        words = f"{words} ({status.offline_layer})"
    elif status.running:
        model = status.running[-1].model
        words = f"{words}, {model} answers"
    if troubles(status):
        words += ", needs attention"
    return f"routerd: {words}"

"""`pause` and `resume`: requests are not taken for a while, and local models give their memory."""

import argparse
import json
import re

from routerd.client import DaemonClient
from routerd.core.errors import RouterdError
from routerd.settings import places

# name -> (module, one line of help, example)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "pause": (
        "switching",
        "take no requests for a while and free the memory of local models",
        "routerd pause --for 30m",
    ),
    "resume": ("switching", "take requests again", "routerd resume"),
    "tray": ("tray", "show routerd's icon in the tray", "routerd tray --check"),
}
WITH_JSON = frozenset({"pause", "resume", "tray"})
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class NoDuration(RouterdError):
    """A time that can't be read."""


def own_arguments(name: str, sub: argparse.ArgumentParser) -> None:
    """Add the arguments of one of these commands."""
    if name == "pause":
        sub.add_argument("--for", dest="duration", help="how long: 90s, 30m, 2h; else until resume")
    elif name == "tray":
        sub.add_argument("--check", action="store_true", help="tell what would be shown, and why")
        sub.add_argument(
            "--foreground", action="store_true", help="do not return until the icon is quit"
        )


def seconds(text: str) -> float:
    """Return the seconds in `90s`, `30m`, `2h` or `1d`. Raises: NoDuration."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None or float(found[1]) <= 0:
        raise NoDuration(f"'{text}' is no duration; say such as 90s, 30m, 2h or 1d.")
    return float(found[1]) * _UNITS_S[found[2]]


def run(arguments: argparse.Namespace) -> int:
    """Throw the switch."""
    client = DaemonClient(places.find().home)
    if arguments.command == "resume":
        found = client.post("/control/resume")
    else:
        for_s = seconds(arguments.duration) if arguments.duration else None
        found = client.post("/control/pause", {"for_s": for_s})
    print(json.dumps(found, indent=2) if arguments.json else _told(found))
    return 0


def _told(found: dict[str, float]) -> str:
    if not found["paused"]:
        return "requests are taken again"
    left_s = found["paused_left_s"]
    until = f"for {left_s / 60:.0f} min" if left_s >= 60 else f"for {left_s:.0f} s"
    lines = [
        f"paused {until if left_s else 'until `routerd resume`'}; new requests are answered 503"
    ]
    if found["running"]:
        lines.append(f"still running to their end: {found['running']:.0f}")
    return "\n".join(lines)

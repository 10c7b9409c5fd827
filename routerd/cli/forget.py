"""`forget`: deletes decisions, outcomes and memories, of a workspace, a time, or all."""

import argparse
import json
import re
import time
from typing import Any

from routerd.cli.render import counted
from routerd.client import DaemonClient
from routerd.core.errors import RouterdError
from routerd.settings import places

_UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def run(arguments: argparse.Namespace) -> int:
    """Ask the daemon to forget and say how much went."""
    body: dict[str, Any] = {}
    if arguments.workspace:
        body["workspace"] = arguments.workspace
    if arguments.since:
        body["since_unix_s"] = moment(arguments.since)
    if arguments.before:
        body["until_unix_s"] = moment(arguments.before)
    if arguments.all:
        body["all"] = True
    if not body:
        raise RouterdError("Say what: --workspace PATH, --since TIME, --before TIME, or --all.")
    gone = DaemonClient(places.find().home, timeout_s=300).post("/control/forget", body)
    if arguments.json:
        print(json.dumps(gone, indent=2))
    else:
        decisions, memories = (
            counted(gone["decisions"], "decision"),
            counted(gone["memories"], "memory"),
        )
        print(f"forgotten: {decisions}, {memories}")
        if gone["set_aside"] and not arguments.all:
            print(
                f"{counted(gone['set_aside'], 'file')} set aside earlier (state.db.corrupt-…) may "
                "still hold some of it; `routerd forget --all` removes them too."
            )
        print("The audit log keeps digests and names, as it must; it holds no text.")
    return 0


def moment(text: str) -> float:
    """Return Unix time of "2026-11-20", "2026-11-20 14:00", or so long ago: "2h", "3d", "1w".

    Raises: RouterdError.
    """
    if ago := re.fullmatch(r"(\d{1,6})([mhdw])", text):
        return time.time() - int(ago[1]) * _UNITS_S[ago[2]]
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"):
        try:
            return time.mktime(time.strptime(text, form))
        except (ValueError, OverflowError):
            continue
    raise RouterdError(f"'{text}' is no time; write 2026-11-20, '2026-11-20 14:00', 2h, 3d or 1w.")

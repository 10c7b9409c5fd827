"""`offline on|off|status|report`: the mode, and what was tried meanwhile."""

import argparse
import json
import time
from typing import Any

from routerd.cli.render import counted
from routerd.client import DaemonClient, NotRunning
from routerd.settings import load, mode_file, places


def run(arguments: argparse.Namespace) -> int:
    """Throw the switch or read it."""
    here = places.find()
    if arguments.action in ("on", "off"):
        found = _switch(here, offline=arguments.action == "on")
    else:
        found = DaemonClient(here.home).get("/control/offline")
    if arguments.json:
        print(json.dumps(found, indent=2))
    elif arguments.action == "report":
        _report(found)
    else:
        _line(found)
    return 0


def _switch(here: places.Places, *, offline: bool) -> dict[str, Any]:
    body = {"offline": offline, "by": "command line"}
    try:
        found: dict[str, Any] = DaemonClient(here.home).post("/control/offline", body)
    except NotRunning:
        places.private_directory(here.home)
        mode_file.write(here.mode, offline=offline)
        set_there = load.load(here.config).offline
        return {"offline": offline or set_there, "layer": "", "running": False}
    return found


def _line(found: dict[str, Any]) -> None:
    if not found["offline"]:
        print("offline mode is off; network zones are reachable where policy and keys allow it")
    elif not found.get("running", True):
        print("offline mode is on from the next start; the daemon is not running")
    else:
        print(f"offline mode is on, enforced by: {found['layer']}")


def _report(found: dict[str, Any]) -> None:
    _line(found)
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found["since_unix_s"]))
    print(f"since {since} ({found['for_s'] / 3600:.1f} h)")
    print(f"refused: {found['refused']}   let through: {found['passed']} (both since the start)")
    for attempt in found["attempts"]:
        print(f"  {attempt['server']}: {attempt['refused']} refused, {attempt['passed']} passed")
    for what, count in found["tripwire"]["stopped"].items():
        print(f"  stopped in this process: {what}, {counted(count, 'time')}")
    for what, count in found["tripwire"]["programs_started"].items():
        print(f"  program started: {what}, {counted(count, 'time')}")
    engines = ", ".join(found["engines_allowed"]) or "none besides the built-in one"
    print(f"engines of this machine that stay reachable: {engines}")

"""`tray`: starts the icon as a process of its own and returns once it is shown."""

import argparse
import json
import os
import subprocess  # starts this same product
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from routerd.core.errors import RouterdError
from routerd.settings import places

SHOWN_S = 20.0
POLL_S = 0.05


def program(*arguments: str) -> list[str]:
    """Return the command line of the tray; it is never imported here."""
    if getattr(sys, "frozen", False):
        name = "routerd-tray.exe" if os.name == "nt" else "routerd-tray"
        return [str(Path(sys.executable).with_name(name)), *arguments]
    # -P: a folder named tray where it is started must not be taken for the program.
    return [sys.executable, "-P", "-m", "tray", *arguments]


def run(arguments: argparse.Namespace) -> int:
    """Show the icon, or tell what would be shown."""
    here = places.find()
    environment = {**os.environ, "ROUTERD_HOME": str(here.home)}
    if arguments.check:
        command = program("--check", *(["--json"] if arguments.json else []))
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
    if arguments.foreground:
        return subprocess.run(program(), env=environment, check=False).returncode  # noqa: S603
    facts = start(here, environment)
    if arguments.json:
        print(json.dumps(facts, indent=2))
    else:
        print(f"routerd's icon is in the tray (process {facts['pid']}, {facts['backend']}).")
    return 0


def start(here: places.Places, environment: dict[str, str]) -> dict[str, Any]:
    """Start the icon in the background; return its process and backend once it is shown.

    Where one is shown already, that one is meant. Raises: RouterdError with its own words.
    """
    places.prepare(here)
    # What a tray that was killed has left behind is no answer to this start.
    before = shown(here)
    words = here.log.with_name("tray-start.log")
    places.write_private(words, "")
    with words.open("a", encoding="utf-8") as output:
        child = subprocess.Popen(  # noqa: S603  # this product's own program
            program(),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=here.home,
        )
    deadline_s = time.monotonic() + SHOWN_S
    while time.monotonic() < deadline_s:
        facts, code = shown(here), child.poll()
        if facts is not None and (facts != before or code == 0):
            return facts
        if code is not None:
            told = words.read_text("utf-8", "replace").strip()
            raise RouterdError(told or f"The icon's process ended; see {here.log.parent}/tray.log.")
        time.sleep(POLL_S)
    raise RouterdError(f"The icon was not shown within {SHOWN_S:g} s; see {here.log.parent}.")


def shown(here: places.Places) -> dict[str, Any] | None:
    """Return what a tray that shows its icon says of itself, None without one."""
    try:
        facts = json.loads((here.run / "tray.json").read_text("utf-8"))
        alive = psutil.pid_exists(int(facts["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {"pid": int(facts["pid"]), "backend": str(facts["backend"])} if alive else None

"""`up`, `down`, `status` and `serve`: the daemon's life, seen from outside."""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess  # starts this same program
import sys
import time
from pathlib import Path
from typing import Any

from routerd.client import DaemonClient, NotRunning
from routerd.core.errors import RouterdError
from routerd.settings import places

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.05
# Token, lock, log and database of an empty home.
LEAST_FREE_BYTES = 256 * 1024


def run(arguments: argparse.Namespace) -> int:
    """Run one of the four commands."""
    here = places.find()
    commands = {"up": _up, "down": _down, "status": _status, "serve": _serve}
    return commands[arguments.command](arguments, here)


def _client(here: places.Places) -> DaemonClient:
    return DaemonClient(here.home)


def running(here: places.Places) -> dict[str, Any] | None:
    """Return the status of the running daemon, None where none answers."""
    try:
        found: dict[str, Any] = _client(here).get("/control/status")
    except NotRunning:
        return None
    return found


def _up(arguments: argparse.Namespace, here: places.Places) -> int:
    status = running(here)
    if status is None or status["state"] == "stopping":
        status = start(here, airgap=arguments.airgap)
    elif not arguments.json:
        print(f"routerd already runs (process {status['pid']}).")
    if arguments.airgap and not status["offline_layer"].startswith("kernel"):
        raise RouterdError(
            "routerd already runs, but without --airgap, and it can't be put into it later. "
            "`routerd down`, then `routerd up --airgap`."
        )
    _show(status, arguments.json)
    return 0


def start(here: places.Places, *, airgap: bool = False) -> dict[str, Any]:
    """Start the daemon in the background and return its status once it is ready.

    Where another start was faster, its daemon is waited for instead; one that is just stopping is
    waited for and then followed.
    Raises: RouterdError with the daemon's own words when it ends.
    """
    places.prepare(here)
    words = here.log.with_name(f"start-{os.getpid()}.log")
    try:
        return _started(here, words, airgap=airgap)
    finally:
        # Each start writes a file of its own, or parallel ones would read each other's words.
        with contextlib.suppress(OSError):  # Windows: the daemon still writes to it
            words.replace(here.log.with_name("start.log"))


def _started(here: places.Places, words: Path, *, airgap: bool) -> dict[str, Any]:
    child = _spawn(here, words, airgap=airgap)
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        status = running(here)
        if status is not None and status["state"] != "stopping":
            if status["pid"] != child.pid:
                # What is told there is of no daemon that runs; Windows keeps an open file.
                with contextlib.suppress(OSError):
                    words.unlink()
            return status
        if child.poll() is not None:
            said = _last_words(words)
            if "already runs" not in said:
                raise RouterdError(said or _silent_end(here))
            if not _lives(said):
                child = _spawn(here, words, airgap=airgap)
        time.sleep(POLL_S)
    raise RouterdError(f"The daemon was not ready within {START_TIMEOUT_S:g} s; see {here.log}.")


def _spawn(here: places.Places, words: Path, *, airgap: bool) -> "subprocess.Popen[bytes]":
    places.write_private(words, "")
    with words.open("a", encoding="utf-8") as output:
        command = [sys.executable, "-m", "routerd", "serve", *(["--airgap"] if airgap else [])]
        return subprocess.Popen(  # noqa: S603  # this interpreter, no user input
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=here.home,
        )


def _lives(said: str) -> bool:
    """Whether the process that was said to hold the home still does; one that ended freed it."""
    import psutil  # 30 ms, and no other command needs it

    holder = re.search(r"process (\d+)", said)
    return holder is None or bool(psutil.pid_exists(int(holder[1])))


def _silent_end(here: places.Places) -> str:
    """Return what can be said of a daemon that ended without a word."""
    if shutil.disk_usage(here.home).free < LEAST_FREE_BYTES:
        return f"The disk of {here.home} is full; routerd needs some room there to start."
    return f"The daemon ended; see {here.log}."


def _last_words(path: Path) -> str:
    text = path.read_text("utf-8", "replace").strip()
    return text.rpartition("routerd: ")[2].strip()


def _down(_: argparse.Namespace, here: places.Places) -> int:
    client = _client(here)
    pid = client.get("/control/status")["pid"]
    client.post("/control/shutdown")
    deadline_s = time.monotonic() + STOP_TIMEOUT_S
    # The endpoint file goes when the last door is closed.
    while here.endpoint.exists():
        if time.monotonic() > deadline_s:
            raise RouterdError(f"Process {pid} still runs after {STOP_TIMEOUT_S:g} s.")
        time.sleep(POLL_S)
    print(f"routerd stopped (process {pid}).")
    return 0


def _status(arguments: argparse.Namespace, here: places.Places) -> int:
    status = running(here)
    if status is None:
        if arguments.json:
            print(json.dumps({"state": "not running", "home": str(here.home)}))
        else:
            print("routerd is not running; start it with `routerd up`.")
        return 3
    _show(status, arguments.json)
    return 0


def _show(status: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(status, indent=2))
        return
    from routerd.cli import render  # rich costs 60 ms; JSON needs none of it

    render.status(status)


def _serve(arguments: argparse.Namespace, here: places.Places) -> int:
    # Started by `up` there is no terminal, and the log is the only place to speak.
    foreground = sys.stdout.isatty()
    from routerd.daemon import start as daemon  # no other command needs it

    daemon.run(here, foreground=foreground, airgap=arguments.airgap)
    return 0

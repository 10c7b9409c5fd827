"""`connect` and `disconnect`: routerd in a coding tool's settings, and out of them again."""

import argparse
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.connecting import connection
from routerd.connecting.clients import CLIENTS, Daemon, Plan, Surroundings
from routerd.core.errors import NotFound, RouterdError
from routerd.core.spelling import did_you_mean
from routerd.settings import client_tokens, load, places


def run(arguments: argparse.Namespace) -> int:
    """Connect or disconnect one client. Raises: RouterdError."""
    client = arguments.client
    if client not in CLIENTS:
        known = f"known are {', '.join(CLIENTS)}.{did_you_mean(client, CLIENTS)}"
        raise NotFound(f"There is no client '{client[:64]}'; {known}")
    here = places.find()
    if arguments.command == "disconnect":
        return _disconnect(client, here, as_json=arguments.json)
    places.prepare(here)
    token = client_tokens.ensure(here.client_tokens, client)
    plan = CLIENTS[client](_surroundings(), _daemon(here, token))
    if arguments.print:
        _show_for_pasting(plan, _daemon(here, token))
        return 0
    return _connect(client, here, plan, token, arguments)


def _surroundings() -> Surroundings:
    return Surroundings(Path.home(), sys.platform, os.environ)


def _daemon(here: places.Places, token: str) -> Daemon:
    return replace(daemon_at(_port(here), here, token), context_tokens=_window(here))


def daemon_at(port: int, here: places.Places, token: str) -> Daemon:
    """Return what clients need to know of a daemon on that port; the window is left open."""
    # Graphical tools have another search path than a shell, so the whole path is written.
    command = shutil.which("routerd") or str(Path(sys.executable).with_name("routerd"))
    home = os.environ.get("ROUTERD_HOME")
    return Daemon(
        port=port,
        token=token,
        command=str(Path(command).absolute()),
        environment={"ROUTERD_HOME": str(here.home)} if home else {},
    )


def _port(here: places.Places) -> int:
    """Return the port of the running daemon, else that of the settings."""
    try:
        return int(json.loads(here.endpoint.read_text("utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        port = load.load(here.config).port
    if port == 0:
        raise RouterdError(
            "port = 0 in config.toml means another port at every start; set a fixed one, or start "
            "the daemon first."
        )
    return port


def _window(here: places.Places) -> int:
    try:
        models = DaemonClient(here.home).get("/v1/models")["data"]
    except RouterdError:
        return 0
    return next((m["context_length"] or 0 for m in models if m["id"] == "auto"), 0)


def _connect(
    client: str, here: places.Places, plan: Plan, token: str, arguments: argparse.Namespace
) -> int:
    place = here.connection(client)
    files = connection.pending(plan)
    if not arguments.json:
        for file in files:
            print(file.diff(token), end="")
    if files and not _agreed(arguments):
        print("Nothing was written.")
        return 1
    if files and connection.known(place):
        # What was kept is from before routerd came; it must not be replaced by what routerd wrote.
        if left := connection.restore(place):
            raise RouterdError("An earlier connection can't be taken back. " + " ".join(left))
        files = connection.pending(plan)
    if files:
        places.private_directory(place.parent)
        places.private_directory(place)
        connection.write(place, files, places.write_private)
    _report(client, plan, [str(f.path) for f in files], _verified(here, token), arguments)
    return 0


def _agreed(arguments: argparse.Namespace) -> bool:
    if arguments.yes or arguments.json or not sys.stdin.isatty():
        return True
    return input("Write this? [y/N] ").strip().lower() in ("y", "yes")


def _verified(here: places.Places, token: str) -> str:
    """Ask the daemon as the client will, with the client's own token; return '' or what failed."""
    try:
        DaemonClient(here.home, token=token).get("/v1/models")
    except NotRunning:
        return "not tried: the daemon does not run (`routerd up`)"
    except DaemonError as error:
        return error.message
    return ""


def _report(
    client: str, plan: Plan, paths: list[str], failure: str, arguments: argparse.Namespace
) -> None:
    if arguments.json:
        told: dict[str, Any] = {"client": client, "written": paths, "by_hand": list(plan.by_hand)}
        print(json.dumps({**told, "verified": not failure, "failure": failure}, indent=2))
        return
    if plan.changes:
        written = ", ".join(paths) if paths else "nothing: it is connected already"
        print(f"{client}: wrote {written}. `routerd disconnect {client}` takes it back.")
    for line in plan.by_hand:
        print(f"{client}: {line}")
    print(f"{client}: asked the daemon with its own token: {failure or 'it answers'}.")


def _show_for_pasting(plan: Plan, daemon: Daemon) -> None:
    for change in plan.changes:
        print(f"# {change.path}")
        for edit in change.edits:
            where = ".".join(edit.keys) or "an entry of the list"
            print(f"{where} = {json.dumps(edit.value, indent=2, ensure_ascii=False)}")
        print()
    if not plan.changes:
        print(json.dumps({"mcpServers": {"routerd": daemon.server()}}, indent=2))
    if plan.uses_token:
        print(f"base URL {daemon.url}/v1, key {daemon.token}, model auto")
    for line in plan.by_hand:
        print(line)


def _disconnect(client: str, here: places.Places, *, as_json: bool) -> int:
    place = here.connection(client)
    was = connection.known(place)
    left = connection.restore(place) if was else []
    client_tokens.forget(here.client_tokens, client)
    if as_json:
        print(json.dumps({"client": client, "was_connected": was, "left": left}, indent=2))
    elif left:
        print("\n".join(f"{client}: {line}" for line in left), file=sys.stderr)
    else:
        print(f"{client}: {'taken out again' if was else 'was not connected'}.")
    return 1 if left else 0

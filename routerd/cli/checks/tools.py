"""Coding tools: which are here, which are connected, and does what routerd wrote still hold?"""

from collections.abc import Iterator
from shutil import which

from routerd.cli import connect
from routerd.cli.checks.finding import Finding, Scene
from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.connecting import inspection
from routerd.connecting.clients import CLIENTS, Daemon, Plan
from routerd.core.errors import RouterdError
from routerd.settings import client_tokens


def wiring(scene: Scene) -> Iterator[Finding]:
    """How does each tool that is installed stand?"""
    if scene.port == 0:
        return  # another at every start, which `doors.port` tells
    idle = []
    tokens = client_tokens.read(scene.here.client_tokens)
    for client, plan_for in CLIENTS.items():
        daemon = connect.daemon_at(scene.port, scene.here, tokens.get(client, ""))
        plan = plan_for(scene.surroundings, daemon)
        place = scene.here.connection(client)
        try:
            found = inspection.inspect(client, plan, place, daemon, scene.surroundings, which)
        except RouterdError as error:
            yield Finding("warning", f"{client}: {error.message}")
            continue
        yield from _told(scene, found, plan, daemon)
        if found.installed and not found.connected and not found.faults:
            idle.append(client)
    if idle:
        yield Finding(
            "note",
            f"installed, not connected: {', '.join(idle)}",
            "they ask their own models, not routerd",
            f"routerd connect {idle[0]}",
        )


def _told(scene: Scene, found: inspection.Wiring, plan: Plan, daemon: Daemon) -> Iterator[Finding]:
    faults = list(found.faults)
    if found.connected and plan.uses_token:
        faults += _token_faults(scene, daemon)
    for fault in faults:
        yield Finding(
            "problem" if found.connected else "warning",
            f"{found.client}: {fault}",
            "its requests fail or go elsewhere",
            f"routerd connect {found.client}",
        )
    if found.connected and not faults:
        yield Finding("ok", f"{found.client} is connected to port {daemon.port}")


def _token_faults(scene: Scene, daemon: Daemon) -> Iterator[str]:
    if not daemon.token:
        yield "its token is gone from routerd's home"
    elif scene.status is not None:
        try:
            DaemonClient(scene.here.home, token=daemon.token).get("/v1/models")
        except NotRunning:
            return
        except DaemonError as error:
            yield f"the daemon refuses its token: {error.message}"


def variables(scene: Scene) -> Iterator[Finding]:
    """Do variables of this shell lead a tool astray?"""
    for fault in inspection.address_traps(scene.environ, scene.port):
        yield Finding("warning", fault, "the tool asks for a path that does not exist")
    claude = (scene.here.connection("claude-code") / "record.json").exists()
    if claude and scene.environ.get("ANTHROPIC_API_KEY"):
        yield Finding(
            "warning",
            "ANTHROPIC_API_KEY is set, and Claude Code is connected",
            "Claude Code takes that key before routerd's token, and is refused",
            "unset ANTHROPIC_API_KEY",
        )

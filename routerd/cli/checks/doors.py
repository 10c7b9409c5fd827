"""The daemon and its doors: does it run, is its address right, who has its port."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil

from routerd import __version__
from routerd.cli.checks.finding import Finding, Scene


def running(scene: Scene) -> Iterator[Finding]:
    """Does the daemon run, and is it this version?"""
    status = scene.status
    if scene.daemon_fault:
        yield Finding(
            "problem",
            f"what answers where the daemon should: {scene.daemon_fault}",
            "it does not take this home's token, or it is another program on its port",
            f"rm {scene.here.endpoint} && routerd up",
        )
    elif status is None:
        yield Finding(
            "note", "the daemon does not run", "nothing is answered until it does", "routerd up"
        )
    if status is None:
        return
    what = f"the daemon runs (process {status['pid']}) on port {scene.port}"
    if status["version"] != __version__:
        yield Finding(
            "warning",
            f"the daemon is version {status['version']}, this command {__version__}",
            "it was started before an update and still runs the old code",
            "routerd down && routerd up",
        )
    else:
        yield Finding("ok", what)
    for warning in status["warnings"]:
        yield Finding("warning", warning, "the daemon says so", "routerd status")


def endpoint_file(scene: Scene) -> Iterator[Finding]:
    """Does the file that says where the daemon listens tell the truth?"""
    path = scene.here.endpoint
    if scene.status is not None or scene.daemon_fault or not path.exists():
        return
    pid = _pid(path)
    if pid and psutil.pid_exists(pid) and _is_routerd(pid):
        yield Finding(
            "problem",
            f"process {pid} is a daemon that does not answer",
            "commands and tools find it and wait in vain",
            f"kill {pid} && routerd up",
        )
        return

    def remove() -> str:
        path.unlink(missing_ok=True)
        return f"removed {path}"

    yield Finding(
        "warning",
        f"{scene.short(path)} speaks of a daemon that is gone",
        "it was ended without a chance to tidy up; the next start replaces the file",
        f"rm {path}",
        remove,
        safe=True,
    )


def _pid(path: Path) -> int:
    try:
        return int(json.loads(path.read_text("utf-8"))["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _is_routerd(pid: int) -> bool:
    try:
        return "routerd" in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def port(scene: Scene) -> Iterator[Finding]:
    """Is the port of the settings free, or the daemon's own?"""
    wanted = scene.config.port
    if scene.status is not None:
        if wanted not in (0, scene.port):
            yield Finding(
                "warning",
                f"config.toml says port {wanted}, the daemon listens on {scene.port}",
                "the port changes at a start only",
                "routerd down && routerd up",
            )
        return
    if wanted == 0:
        yield Finding(
            "note",
            "port = 0: another port at every start",
            "connected tools lose their way at each restart",
            "set `port = 7411` in config.toml",
        )
    elif _free(wanted):
        yield Finding("ok", f"port {wanted} is free")
    else:
        yield Finding(
            "problem",
            f"port {wanted} is taken by {listener(wanted)}",
            "the daemon can't start, and tools would send your prompts to that program",
            f"stop it, or set `port = {wanted + 1}` in config.toml and connect your tools again",
        )


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A port that was served a moment ago is free all the same.
        if hasattr(socket, "SO_REUSEADDR") and psutil.POSIX:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listener(port: int) -> str:
    """Return who listens on a TCP port, as far as this user may know."""
    try:
        for found in psutil.net_connections("tcp"):
            if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
                return f"{psutil.Process(found.pid).name()} (process {found.pid})"
    except psutil.Error:
        # macOS tells nobody but root; Linux tells of this user's own processes.
        return "another program"
    return "a program of another user"

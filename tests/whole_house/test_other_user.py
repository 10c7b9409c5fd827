"""Another user of this machine: files, sockets and the port are closed to them.

Run as root, a child becomes `nobody` and tries; what it could do to a control beside each thing
shows that it tried.
"""

import http.client
import json
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.daemon import Daemon

NOBODY = 65534
pytestmark = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user"
)


@pytest.fixture(scope="module")
def open_place() -> Iterator[Path]:
    """A directory that everybody may walk into, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="routerd-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(open_place: Path) -> Iterator[Daemon]:
    with Daemon(open_place / "home") as daemon:
        daemon.client.post(
            "/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}
        )
        yield daemon


def as_nobody(attempt: Callable[[], Any]) -> Any:
    """Return what `attempt` returns to another user; the name of the exception where it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            told = attempt()
        except BaseException as error:  # noqa: BLE001  # all of it is told to the parent
            told = type(error).__name__
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = json.loads(pipe.read())
    os.waitpid(child, 0)
    return told


def _connects(path: Path) -> str:
    """Connect to a socket, say something, and return what comes back."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        return client.recv(4096).decode()


def _asks(port: int, method: str, path: str, token: str = "") -> list[Any]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body="{}" if method == "POST" else None, headers=headers)
        answer = connection.getresponse()
        return [answer.status, answer.read().decode()]


def test_nothing_of_the_home_can_be_seen(running: Daemon, open_place: Path) -> None:
    (open_place / "control").write_text("seen", encoding="utf-8")
    assert as_nobody(lambda: (open_place / "control").read_text("utf-8")) == "seen"
    assert as_nobody(lambda: os.listdir(running.home)) == "PermissionError"
    files = [path for path in running.home.rglob("*") if path.is_file()]
    assert {"token", "state.db", "config.toml"} <= {path.name for path in files}
    for path in files:
        assert as_nobody(path.read_bytes) == "PermissionError", path


def test_nothing_that_the_daemon_makes_is_open_to_others_by_itself(running: Daemon) -> None:
    # The directory above is the first lock; each file is one of its own.
    mine = {running.home / name for name in ("config.toml", "output.txt")}
    wide = [
        str(path)
        for path in running.home.rglob("*")
        if path not in mine and not path.is_symlink() and path.lstat().st_mode & 0o077
    ]
    assert wide == []


def test_the_sockets_are_closed_to_them(running: Daemon, open_place: Path) -> None:
    control = open_place / "control.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(control))
        control.chmod(0o666)
        listening.listen()
        assert as_nobody(lambda: socket.socket(socket.AF_UNIX).connect(str(control))) is None
    sockets = [p for p in running.home.rglob("*") if stat.S_ISSOCK(p.lstat().st_mode)]
    sockets.append(Path(running.client.get("/control/status")["mcp_socket"]))
    for path in sockets:
        assert as_nobody(lambda path=path: _connects(path)) == "PermissionError"


def test_a_socket_left_open_by_mistake_still_asks_who_connects(running: Daemon) -> None:
    path = Path(running.client.get("/control/status")["mcp_socket"])
    opened = [path, *[p for p in path.parents if p.is_relative_to(running.home)]]
    before = {p: stat.S_IMODE(p.stat().st_mode) for p in opened}
    try:
        for p in opened:
            p.chmod(0o777)
        assert json.loads(_connects(path))["id"] == 1
        assert as_nobody(lambda: _connects(path)) in ("", "ConnectionResetError", "BrokenPipeError")
    finally:
        for p, mode in before.items():
            p.chmod(mode)
    assert "another user" in running.log()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/control/status"),
        ("POST", "/control/shutdown"),
        ("POST", "/mcp"),
    ],
)
def test_the_port_asks_for_the_token(running: Daemon, method: str, path: str) -> None:
    port = running.port
    status, text = as_nobody(lambda: _asks(port, method, path))
    assert status == 401
    assert running.token not in text
    assert as_nobody(lambda: _asks(port, "GET", "/health")) == [200, '{"status":"ok"}']


def test_the_token_is_all_that_they_lack(running: Daemon) -> None:
    port, token = running.port, running.token
    assert as_nobody(lambda: _asks(port, "GET", "/api/version", token))[0] == 200


def test_they_can_neither_end_nor_trace_the_daemon(running: Daemon) -> None:
    assert running.process is not None
    pid = running.process.pid
    assert as_nobody(lambda: os.kill(pid, 0)) == "PermissionError"
    assert as_nobody(lambda: os.listdir(f"/proc/{pid}/fd")) == "PermissionError"
    assert as_nobody(lambda: Path(f"/proc/{pid}/environ").read_bytes()) == "PermissionError"
    told = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert running.token.encode() not in told

"""The kernel's layer: from within nothing can be reached, and what listened before is served."""

import errno
import subprocess
import sys

import pytest

from routerd.network import airgap

ALLOWED = (
    sys.platform == "linux"
    and subprocess.run(
        ["unshare", "-rn", "true"],  # noqa: S607  # of the system
        capture_output=True,
        check=False,
    ).returncode
    == 0
)
needs_namespaces = pytest.mark.skipif(not ALLOWED, reason="this system forbids user namespaces")
SCRIPT = """
import os, socket, subprocess, sys, threading
from pathlib import Path
from routerd.network import airgap
listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]
client = subprocess.Popen([sys.executable, "-c", f'''
import socket, sys
sys.stdin.readline()
print(socket.create_connection(("127.0.0.1", {port}), 10).recv(10).decode(), end="")
'''], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
before = airgap.in_force()
user = os.getuid()
airgap.enter()
failed = 0
for family, address in (
    (socket.AF_INET, ("192.0.2.1", 80)), (socket.AF_INET6, ("2001:db8::1", 80)),
    (socket.AF_INET, ("127.0.0.1", port)),
):
    try:
        socket.socket(family).connect(address)
    except OSError:
        failed += 1
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))
except OSError:
    failed += 1
client.stdin.write(b"go\\n"); client.stdin.flush()
connection, _ = listener.accept()
connection.sendall(b"served"); connection.close()
inner = socket.create_server(("127.0.0.1", 0))
socket.create_connection(inner.getsockname(), 2).close()
Path(sys.argv[1]).write_text("mine")
print(before, airgap.in_force(), failed, os.getuid() == user, client.stdout.read().decode(),
      Path(sys.argv[1]).stat().st_uid == user)
"""


@needs_namespaces
def test_inside_nothing_is_reached_and_the_open_door_is_served(tmp_path: object) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, f"{tmp_path}/file"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    # The tests themselves may run where there is no network.
    before = str(airgap.in_force())
    assert ran.stdout.split() == [before, "True", "4", "True", "served", "True"], ran.stderr


THREADED = """
import threading
from routerd.network import airgap
ready, go = threading.Event(), threading.Event()
threading.Thread(target=lambda: (ready.set(), go.wait(5))).start(); ready.wait()
try:
    airgap.enter()
except airgap.AirgapRefused as error:
    print(error)
finally:
    go.set()
"""


@needs_namespaces
def test_where_the_system_refuses_it_says_why_and_what_to_do() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", THREADED],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert "This system does not allow --airgap" in ran.stdout
    assert "threads were already running" in ran.stdout
    assert "routerd offline on" in ran.stdout


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EPERM, "user namespaces are forbidden here"),
        (errno.ENOSPC, "user.max_user_namespaces"),
        (errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_each_refusal_has_its_reason(code: int, words: str) -> None:
    assert words in airgap._why(code)


def test_a_machine_with_a_network_is_not_an_airgap() -> None:
    assert isinstance(airgap.in_force(), bool)

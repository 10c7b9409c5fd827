"""Where the tests run by default there is nothing but loopback."""

import subprocess
import sys
from pathlib import Path

from tests.network.test_airgap import needs_namespaces
from tests.no_network import FORBIDDEN

LOOK = """
import socket
from routerd.network import airgap
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname(), 5).close()
try:
    socket.create_connection(("192.0.2.1", 80), 5)
except OSError as error:
    print(airgap.in_force(), error.strerror)
"""


def alone(*command: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.no_network", *command],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@needs_namespaces
def test_a_command_finds_loopback_and_nothing_else() -> None:
    ran = alone(sys.executable, "-c", LOOK)
    assert ran.stdout.strip() == "True Network is unreachable", ran.stderr


@needs_namespaces
def test_its_exit_code_is_the_commands() -> None:
    assert alone(sys.executable, "-c", "raise SystemExit(3)").returncode == 3
    assert FORBIDDEN != 3

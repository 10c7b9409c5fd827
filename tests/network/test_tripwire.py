"""The tripwire: what it stops, what it lets through, and that it names what happened."""

import subprocess
import sys

import pytest

from routerd.network.tripwire import Tripwire, leaves


@pytest.mark.parametrize(
    ("event", "arguments", "where"),
    [
        ("socket.connect", (None, ("10.1.2.3", 80)), "10.1.2.3:80"),
        ("socket.connect", (None, ("2001:db8::1", 443, 0, 0)), "2001:db8::1:443"),
        ("socket.sendto", (None, ("8.8.8.8", 53)), "8.8.8.8:53"),
        ("socket.connect", (None, ("api.openai.com", 443)), "api.openai.com:443"),
        ("socket.getaddrinfo", ("api.openai.com", 443, 0, 0, 0), "api.openai.com"),
        ("socket.getaddrinfo", (b"api.openai.com", 443, 0, 0, 0), "api.openai.com"),
        ("socket.connect", (None, ("::ffff:8.8.8.8", 53)), "::ffff:8.8.8.8:53"),
        ("socket.connect", (None, ("127.0.0.1", 80)), ""),
        ("socket.connect", (None, ("::1", 80, 0, 0)), ""),
        ("socket.connect", (None, ("::ffff:127.0.0.1", 80)), ""),
        ("socket.connect", (None, "/run/mcp.sock"), ""),
        ("socket.connect", (None, (0, 0)), ""),
        ("socket.getaddrinfo", ("localhost", 80, 0, 0, 0), ""),
        ("socket.getaddrinfo", (None, 80, 0, 0, 0), ""),
        ("socket.getaddrinfo", ("127.0.0.1", 80, 0, 0, 0), ""),
    ],
)
def test_what_leads_beyond_this_machine_is_told_apart(
    event: str, arguments: tuple[object, ...], where: str
) -> None:
    assert leaves(event, arguments) == where


def test_an_armed_wire_stops_and_counts_and_a_disarmed_one_does_not() -> None:
    wire = Tripwire()
    wire._hook("socket.connect", (None, ("10.0.0.1", 80)))
    wire.armed = True
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError, match=r"socket.connect to 10.0.0.1:80"):
            wire._hook("socket.connect", (None, ("10.0.0.1", 80)))
    wire._hook("open", ("/etc/hosts", "r", 0))
    wire._hook("subprocess.Popen", ("/bin/true", ["true"], None, None))
    assert wire.report() == {
        "stopped": {"socket.connect 10.0.0.1:80": 2},
        "programs_started": {"/bin/true": 1},
    }


SCRIPT = """
import socket
from routerd.network.tripwire import Tripwire
wire = Tripwire(); wire.install(); wire.install(); wire.armed = True
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname(), 2).close()
stopped = 0
for attempt in (
    lambda: socket.create_connection(("192.0.2.1", 80), 2),
    lambda: socket.getaddrinfo("example.com", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
):
    try:
        attempt()
    except ConnectionRefusedError as error:
        assert "offline mode is on" in str(error), error
        stopped += 1
print(stopped, len(wire.tripped))
"""


def test_installed_in_a_process_it_stops_sockets_and_look_ups() -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.stdout.split() == ["3", "3"], ran.stderr

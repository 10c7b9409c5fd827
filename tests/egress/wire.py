"""The network of one namespace: a way out that leads nowhere, a sinkhole for names, and counters.

It runs as root of a user namespace of its own (`unshare -rnm`), so it needs no privileges. Packets
are counted where they leave the process's network stack, before any neighbour has to answer.
"""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SINKHOLE = "127.0.0.53"
COUNTERS = ("out", "names")
RULES = """
table inet egress {
  counter out {}
  counter names {}
  chain output {
    type filter hook output priority 0;
    udp dport 53 counter name names
    tcp dport 53 counter name names
    oifname "lo" accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
    counter name out
  }
}
"""


def run(*command: str, stdin: str = "") -> str:
    """Run a command of the system and return what it printed."""
    ran = subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return ran.stdout


def lay(folder: Path, *, ipv4: bool) -> None:
    """Build the network: default routes into a cable without a far end, and the counters."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
    for name in ("v0", "v1"):
        run("ip", "link", "set", name, "up")
    if ipv4:
        run("ip", "addr", "add", "10.9.0.1/24", "dev", "v0")
        run("ip", "route", "add", "default", "via", "10.9.0.2")
    run("ip", "addr", "add", "2001:db8:9::1/64", "dev", "v0", "nodad")
    run("ip", "-6", "route", "add", "default", "via", "2001:db8:9::2")
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {SINKHOLE}\noptions timeout:1 attempts:1\n", encoding="ascii")
    run("mount", "--bind", str(resolv), "/etc/resolv.conf")
    run("nft", "-f", "-", stdin=RULES)


def counted() -> dict[str, int]:
    """Return how many packets each counter has seen since it was last read."""
    found = json.loads(run("nft", "-j", "reset", "counters", "table", "inet", "egress"))
    told = [entry["counter"] for entry in found["nftables"] if "counter" in entry]
    return {counter["name"]: int(counter["packets"]) for counter in told}


@contextmanager
def sinkhole() -> Iterator[None]:
    """Answer every question about a name with an address that leads into the cable."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((SINKHOLE, 53))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            question, address = sock.recvfrom(4096)
            if question:
                sock.sendto(_answer(question), address)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", (SINKHOLE, 53))
        thread.join(5)
        sock.close()


def _answer(question: bytes) -> bytes:
    """Return a DNS answer: the question again, and 203.0.113.7 or 2001:db8:ffff::7 (RFC 1035)."""
    end = question.index(b"\0", 12) + 5
    six = question[end - 4 : end - 2] == b"\x00\x1c"
    data = socket.inet_pton(
        *((socket.AF_INET6, "2001:db8:ffff::7") if six else (socket.AF_INET, "203.0.113.7"))
    )
    head = question[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
    record = (
        b"\xc0\x0c"
        + question[end - 4 : end]
        + b"\x00\x00\x00\x3c"
        + len(data).to_bytes(2, "big")
        + data
    )
    return head + question[12:end] + record


def control(*, names: bool, ipv4: bool) -> dict[str, int]:
    """Leave on purpose, by name and by address, and return what the counters saw of it."""
    counted()
    if names:
        try:
            socket.getaddrinfo("positive-control.example", 80)
        except OSError as error:
            print(f"the name was not found: {error}")  # counted all the same
    address = ("203.0.113.9", 80) if ipv4 else ("2001:db8:ffff::9", 80)
    family = socket.AF_INET if ipv4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"positive control", address)
    return counted()

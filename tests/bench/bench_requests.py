"""Added latency and throughput against the bare upstream, in one run.

`python -m tests.bench.bench_requests [REQUESTS]`: the same keep-alive client asks the bare upstream
and routerd in turn, so that a drift of the machine's speed hits both; prints milliseconds and
requests per second as a table. Every request has a text of its own, so every one is classified.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.upstream import MODEL
from tests.fakes.daemon import Daemon

ASKS = (
    "write a function in python that merges two sorted lists number {}",
    "why does this loop never end? while i < {}: print(i)",
    "explain what a mutex is, case {}",
    "add unit tests for the parser in module_{}.py covering empty input and very long lines",
)


@dataclass(frozen=True)
class Target:
    """Where to send, and what to say there."""

    port: int
    token: str
    model: str

    def request(self, number: int, *, stream: bool) -> bytes:
        """Return one request as bytes."""
        text = ASKS[number % len(ASKS)].format(number)
        body = json.dumps(
            {
                "model": self.model,
                "stream": stream,
                "messages": [
                    {"role": "system", "content": "You are a coding assistant. " * 20},
                    {"role": "user", "content": text},
                ],
            }
        ).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Connection:
    """A keep-alive connection that reads whole answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, data: bytes) -> tuple[float, float]:
        """Return (seconds to the first body byte, seconds to the end)."""
        began = time.perf_counter()
        self._writer.write(data)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        lowered = head.lower()
        # LiteLLM passes the upstream's length on under a longer name.
        at = lowered.find(b"\r\ncontent-length:") + 2
        if at < 2:
            first = await self._chunked(began)
            return first, time.perf_counter() - began
        length = int(lowered[at + 15 : lowered.find(b"\r", at)])
        await self._reader.readexactly(1)
        first = time.perf_counter() - began
        await self._reader.readexactly(length - 1)
        return first, time.perf_counter() - began

    async def _chunked(self, began: float) -> float:
        first = -1.0
        while True:
            size = int(await self._reader.readline(), 16)
            await self._reader.readexactly(size + 2)
            first = time.perf_counter() - began if first < 0 else first
            if size == 0:
                return first


async def connect(target: Target) -> Connection:
    """Return an open connection."""
    return Connection(*await asyncio.open_connection("127.0.0.1", target.port))


async def paired(
    bare: Target, routed: Target, count: int, *, stream: bool
) -> tuple[list[float], list[float]]:
    """Return milliseconds (first byte if streamed, else the end) of both, asked in turn."""
    first, second = await connect(bare), await connect(routed)
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(count + 20):
        for side, (connection, target) in enumerate(((first, bare), (second, routed))):
            got = await connection.ask(target.request(number, stream=stream))
            if number >= 20:
                times[side].append(got[0 if stream else 1] * 1e3)
    return times


async def throughput(target: Target, count: int, clients: int) -> float:
    """Return requests per second with `clients` connections at once."""
    numbers = iter(range(1_000_000, 1_000_000 + count))

    async def client(connection: Connection) -> None:
        for number in numbers:
            await connection.ask(target.request(number, stream=False))

    connections = [await connect(target) for _ in range(clients)]
    began = time.perf_counter()
    await asyncio.gather(*(client(connection) for connection in connections))
    return count / (time.perf_counter() - began)


def quantile(values: list[float], share: float) -> float:
    """Return the value below which `share` of them lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@contextmanager
def running() -> Iterator[tuple[Target, Target, Daemon]]:
    """Start the upstream and a daemon in front of it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.upstream"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        config = (
            'port = 0\ndiscover = false\n[llamacpp]\nenabled = false\n[[provider]]\nname = "bench"\n'
            f'kind = "openai_compatible"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
        )
        with tempfile.TemporaryDirectory() as home, Daemon(Path(home) / "h", config) as daemon:
            yield Target(port, "none", MODEL), Target(daemon.port, daemon.token, "auto"), daemon
    finally:
        server.terminate()
        server.wait(10)


async def measure(bare: Target, routed: Target, count: int) -> None:
    """Print the table."""
    print(f"{'':34}{'bare p50':>10}{'p99':>8}{'routerd p50':>13}{'p99':>8}{'added p50':>11}")
    for name, stream in (
        ("non-streamed, whole answer, ms", False),
        ("streamed, first byte, ms", True),
    ):
        direct, through = await paired(bare, routed, count, stream=stream)
        added = statistics.median(through) - statistics.median(direct)
        print(
            f"{name:34}{statistics.median(direct):10.2f}{quantile(direct, 0.99):8.2f}"
            f"{statistics.median(through):13.2f}{quantile(through, 0.99):8.2f}{added:11.2f}"
        )
    print(f"requests/s, 16 connections: bare {await throughput(bare, count * 5, 16):.0f}, ", end="")
    print(f"routerd {await throughput(routed, count, 16):.0f}")


if __name__ == "__main__":
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with running() as (plain, through_routerd, _):
        asyncio.run(measure(plain, through_routerd, requests))

"""A normal client's times while others hold connections open and say nothing useful on them.

`python -m tests.bench.bench_slowloris [REQUESTS] [ATTACKERS]`: the daemon in front of a bare upstream;
a client asks one request after the other, alone, under attack, and alone again. The attackers (a
process of their own, without the token) hold half heads, half bodies, and connections left idle
after an answer; each sends a byte a second and opens another connection when its own is closed.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
from itertools import cycle, islice

from tests.bench.bench_requests import Target, connect, quantile, running

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
DRIP_S = 1.0
# Attackers come in waves like real ones; all at once would measure the kernel's queue.
BETWEEN_S = 0.002


def beginnings(port: int) -> tuple[bytes, ...]:
    """Return how each kind of attacker begins."""
    head = HEAD % port
    body = b"Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"
    health = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    return head + b"X-A: ", head + body, health


async def hold(port: int, beginning: bytes) -> None:
    """Hold a connection for as long as it lasts, then another, for ever."""
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(beginning)
            while not writer.transport.is_closing():
                await asyncio.sleep(DRIP_S)
                writer.write(b"" if beginning.startswith(b"GET") else b"a")
                await writer.drain()
        await asyncio.sleep(DRIP_S)


async def attack(port: int, attackers: int) -> None:
    """Open all of them, say so, and go on until ended."""
    async with asyncio.TaskGroup() as group:
        for beginning in islice(cycle(beginnings(port)), attackers):
            group.create_task(hold(port, beginning))
            await asyncio.sleep(BETWEEN_S)
        print("all open", flush=True)


async def times(target: Target, count: int, first: int) -> list[float]:
    """Return milliseconds of whole answers, one after the other on a connection of their own."""
    connection, found = await connect(target), []
    for number in range(first, first + count):
        found.append((await connection.ask(target.request(number, stream=False)))[1] * 1e3)
    return found[20:]


def show(name: str, found: list[float]) -> None:
    """Print one line."""
    print(
        f"{name:28}{statistics.median(found):9.2f}{quantile(found, 0.95):9.2f}"
        f"{quantile(found, 0.99):9.2f}{max(found):9.2f}",
        flush=True,
    )


def main(count: int, attackers: int) -> None:
    """Print the table."""
    with running() as (_, routed, _):
        print(f"{'milliseconds':28}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}")
        show("alone", asyncio.run(times(routed, count, 0)))
        command = [sys.executable, "-m", "tests.bench.bench_slowloris"]
        command += ["--attack", str(routed.port), str(attackers)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as others:
            assert others.stdout is not None
            others.stdout.readline()
            show(f"{attackers} slow connections", asyncio.run(times(routed, count, count)))
            others.terminate()
        show("alone again", asyncio.run(times(routed, count, 2 * count)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--attack"]:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(attack(int(sys.argv[2]), int(sys.argv[3])))
    else:
        numbers = [int(text) for text in sys.argv[1:]]
        main(*(numbers + [600, 400][len(numbers) :]))

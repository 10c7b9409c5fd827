"""Added latency and throughput of routerd and of LiteLLM's proxy, against the bare upstream, in one run.

`python -m tests.bench.bench_against_litellm LITELLM [REQUESTS]`: `LITELLM` is the program `litellm` of an
environment of its own (`pip install 'litellm[proxy]'`), never a dependency. The same upstream is
behind both; LiteLLM has one worker and no database, and routes by name alone, while routerd reads and
classifies every request. With one connection the three are asked in turn; with more, one after the
other.
"""

import asyncio
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.bench_requests import Connection, Target, connect, quantile, running
from tests.bench.upstream import MODEL

START_S = 300.0
CONFIG = """model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "http://127.0.0.1:{port}/v1", api_key: none}}
"""
Times = tuple[list[float], list[float]]


def free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def litellm(program: str, upstream: int) -> Iterator[tuple[Target, subprocess.Popen[bytes]]]:
    """Start LiteLLM's proxy in front of the upstream; say how long it took."""
    port, key = free_port(), f"sk-{secrets.token_hex(24)}"
    target = Target(port, key, MODEL)
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / "config.yaml"
        config.write_text(CONFIG.format(model=MODEL, port=upstream), encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_MASTER_KEY": key,
        }
        command = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        command += ["--num_workers", "1", "--telemetry", "False"]
        began_s = time.monotonic()
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                asyncio.run(_ready(target, process))
                print(
                    f"LiteLLM answered for the first time after {time.monotonic() - began_s:.1f} s"
                )
                yield target, process
            finally:
                process.terminate()


async def _ready(target: Target, process: subprocess.Popen[bytes]) -> None:
    """Ask until there is an answer."""
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            await (await connect(target)).ask(target.request(0, stream=False))
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("LiteLLM did not start")


async def in_turn(targets: dict[str, Target], count: int, *, stream: bool) -> dict[str, Times]:
    """Return milliseconds (first byte, end) with one connection each, asked in turn."""
    opened = {name: await connect(target) for name, target in targets.items()}
    found: dict[str, Times] = {name: ([], []) for name in targets}
    for number in range(count + 20):
        for name, target in targets.items():
            first, end = await opened[name].ask(target.request(number, stream=stream))
            if number >= 20:
                found[name][0].append(first * 1e3)
                found[name][1].append(end * 1e3)
    return found


async def at_once(target: Target, count: int, clients: int, *, stream: bool) -> tuple[Times, float]:
    """Return milliseconds (first byte, end) of `clients` connections, and requests per second."""
    found: Times = ([], [])
    numbers = iter(range(1_000_000, 1_000_000 + count))

    async def client(connection: Connection) -> None:
        for number in numbers:
            first, end = await connection.ask(target.request(number, stream=stream))
            found[0].append(first * 1e3)
            found[1].append(end * 1e3)

    opened = [await connect(target) for _ in range(clients)]
    began_s = time.perf_counter()
    await asyncio.gather(*map(client, opened))
    return found, count / (time.perf_counter() - began_s)


def show(title: str, found: dict[str, list[float]]) -> None:
    """Print one table: each target's times, and what it adds to the bare upstream's."""
    print(f"\n{title:34}{'p50':>9}{'p99':>9}{'added p50':>12}{'added p99':>12}")
    bare = found["bare upstream"]
    for name, times in found.items():
        p50, p99 = statistics.median(times), quantile(times, 0.99)
        line = f"{name:34}{p50:9.2f}{p99:9.2f}"
        more = (p50 - statistics.median(bare), p99 - quantile(bare, 0.99))
        print(line if times is bare else f"{line}{more[0]:12.2f}{more[1]:12.2f}", flush=True)


async def measure(targets: dict[str, Target], count: int) -> None:
    """Print everything."""
    for title, stream in (("whole answer", False), ("first streamed byte", True)):
        which = 0 if stream else 1
        turns = await in_turn(targets, count, stream=stream)
        show(f"ms, {title}, 1 connection", {n: times[which] for n, times in turns.items()})
        many = {n: (await at_once(t, count, 32, stream=stream))[0] for n, t in targets.items()}
        show(f"ms, {title}, 32 connections", {n: times[which] for n, times in many.items()})
    print()
    for name, target in targets.items():
        _, rate = await at_once(target, count, 16, stream=False)
        print(f"requests/s, 16 connections, {name}: {rate:.0f}", flush=True)


def main(program: str, count: int) -> None:
    """Start all three and measure."""
    with running() as (bare, routed, daemon), litellm(program, bare.port) as (other, process):
        asyncio.run(measure({"bare upstream": bare, "routerd": routed, "LiteLLM": other}, count))
        assert daemon.process is not None
        for name, pid in (("routerd", daemon.process.pid), ("LiteLLM", process.pid)):
            family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            resident = sum(one.memory_info().rss for one in family) >> 20
            print(f"resident memory, {name}: {resident} MB")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400)

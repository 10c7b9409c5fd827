"""What memory costs: `python tests/bench/bench_memory.py [--vectors FILE.npy] [--rows N ...]`.

Prints, for each number of memories: rows/s of the writer, the cost of remember() to its caller,
nearest() through the async API (idle, and while the event loop is busy), recall@16 against the
exact answer, the time to open and to load, and how much memory the process grew.
"""

import argparse
import logging
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import numpy as np
import numpy.typing as npt
import psutil

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.features import Features, Reading
from routerd.core.outcome import Attempt, Outcome
from routerd.core.response import Usage
from routerd.storage.database import open_connection
from routerd.storage.outcomes import SqliteMemory

Floats = npt.NDArray[np.float32]
FACTS = {"session": "s1", "client": "bench", "workspace": "/w", "digest": "0" * 64}


def unit(vectors: npt.NDArray[np.floating]) -> Floats:
    """Return rows of length one."""
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def around(centres: Floats, count: int, random: np.random.Generator) -> Floats:
    """Return points at distances 0.05 to 0.6 of randomly picked centres."""
    noise = unit(random.standard_normal((count, 384)))
    picked = centres[random.integers(0, len(centres), count)]
    return unit(picked + random.uniform(0.05, 0.6, (count, 1)) * noise)


def answered(number: int, embedding: bytes) -> tuple[Decision, Outcome]:
    """Return a decision among eight candidates, and its outcome."""
    terms = Terms(0.9, 0.8, 1.0, 0.7, 1.0)
    models = [
        Candidate("ollama", f"model-{n}:7b", abilities={"debugging": n / 3}) for n in range(8)
    ]
    ranked = tuple(
        Ranked(model, terms, 0.85, 0.8, 0.0, 2.5, notes=("warm",)) for model in models[:5]
    )
    left_out = tuple(Exclusion(model, "capability", "it can't call tools") for model in models[5:])
    reading = Reading("debugging", 0.93, 0.41, "python", embedding)
    decision = Decision(f"d{number}", Features(reading, 1200), ranked, left_out, terms, "balanced")
    model = f"ollama/model-{number % 5}:7b"
    outcome = Outcome(
        decision.id,
        "stop",
        (Attempt(model, 0.0, 2.0, 0.3),),
        model,
        Usage(1200, 300),
        baseline_cost_usd=0.01,
        ttft_s=0.3,
        duration_s=2.0,
        success=float(number % 3 > 0),
    )
    return decision, outcome


def line(what: str, seconds: list[float], unit_name: str = "ms") -> str:
    """Return p50 and p99 as text."""
    factor = {"ms": 1e3, "us": 1e6}[unit_name]
    p50, p99 = np.percentile(np.array(seconds) * factor, [50, 99])
    return f"  {what:44s} p50 {p50:7.2f}  p99 {p99:7.2f} {unit_name}"


def resident_mb() -> float:
    """Return this process's resident memory."""
    return float(psutil.Process().memory_info().rss) / 1e6


async def fill(path: Path, vectors: Floats) -> None:
    """Remember all vectors, in bursts of 1 000, and report the writer's speed."""
    costs: list[float] = []
    async with SqliteMemory(path) as memory:
        spent_s = 0.0
        for start in range(0, len(vectors), 1000):
            rows = [
                answered(start + n, vector.tobytes())
                for n, vector in enumerate(vectors[start : start + 1000])
            ]
            began_s = time.perf_counter()
            for decision, outcome in rows:
                before_s = time.perf_counter()
                memory.remember(decision, outcome, FACTS)
                costs.append(time.perf_counter() - before_s)
            assert await memory.flush()
            spent_s += time.perf_counter() - began_s
        print(f"  writer, bursts of 1000: {len(vectors) / spent_s:.0f} rows/s")
        print(line("remember(), its caller (writer busy)", costs, "us"))


async def ask(memory: SqliteMemory, queries: Floats) -> list[float]:
    """Return how long each nearest() took."""
    spent: list[float] = []
    for query in queries:
        embedding = query.tobytes()
        began_s = time.perf_counter()
        await memory.nearest(embedding, workspace="/w", k=16)
        spent.append(time.perf_counter() - began_s)
    return spent


async def while_busy(work: Callable[[], Awaitable[list[float]]]) -> list[float]:
    """Run `work` while another task of the same loop computes nine tenths of the time.

    Not all of it: beside a loop that never sleeps a thread of CPython may stall for seconds, see
    routerd/storage/design.md.
    """
    spent: list[float] = []

    async def busy() -> None:
        while True:
            sum(range(30_000))
            await anyio.sleep(1e-4)

    async with anyio.create_task_group() as group:
        group.start_soon(busy)
        spent = await work()
        group.cancel_scope.cancel()
    return spent


async def recall(memory: SqliteMemory, vectors: Floats, queries: Floats) -> float:
    """Return the share of the 16 truly nearest that nearest() gives, by their similarities."""
    hits = 0
    for query in queries:
        exact = np.sort(vectors @ query)[-16]
        found = await memory.nearest(query.tobytes(), workspace="/w", k=16)
        hits += sum(one.similarity >= exact - 1e-6 for one in found)
    return hits / (16 * len(queries))


async def measure(path: Path, vectors: Floats, queries: Floats) -> None:
    """Open the filled file again and report."""
    before_mb = resident_mb()
    began_s = time.perf_counter()
    async with SqliteMemory(path) as memory:
        opened_s = time.perf_counter() - began_s
        await memory.nearest(queries[0].tobytes(), workspace="/w", k=16)
        loaded_s = time.perf_counter() - began_s
        print(f"  open {opened_s * 1e3:.0f} ms, first nearest() after {loaded_s * 1e3:.0f} ms")
        print(line("nearest(), loop idle", await ask(memory, queries)))
        print(line("nearest(), loop busy", await while_busy(lambda: ask(memory, queries[:100]))))
        print(f"  recall@16 {await recall(memory, vectors, queries):.4f}")
        print(f"  resident {before_mb:.0f} -> {resident_mb():.0f} MB")
        print(f"  counts {await memory.counts()}")


def describe(path: Path) -> None:
    """Report sizes on disk."""
    connection = open_connection(path, writable=False)
    size = connection.execute("select avg(length(decision_json)) from decisions").get
    connection.close()
    print(f"  file {path.stat().st_size / 1e6:.0f} MB, decision_json {size:.0f} bytes")


def main() -> None:
    """Run for each number of rows."""
    logging.basicConfig()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--vectors", type=Path, help="real unit embeddings, n x 384 float32")
    options = parser.parse_args()
    random = np.random.default_rng(7)
    real = np.load(options.vectors) if options.vectors else None
    print(f"{platform.platform()}, numpy {np.__version__}")
    for rows in options.rows:
        # A hundred tasks a centre: in random directions alone nothing is near anything.
        centres = unit(random.standard_normal((rows // 100, 384))) if real is None else real
        vectors = around(centres, rows, random)
        queries = around(vectors, 300, random)
        print(f"{rows} memories")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.db"
            anyio.run(fill, path, vectors)
            anyio.run(measure, path, vectors, queries)
            describe(path)


if __name__ == "__main__":
    main()

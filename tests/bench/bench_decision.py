"""Decision latency in the daemon's own process: understand, neighbours, choose.

`python -m tests.bench.bench_decision [MEMORIES]`: fills a fresh memory with that many past tasks
(default 50 000; vectors are noisy mixtures of real embeddings), then decides over held-back real
prompts with 40 candidates. Prints p50 and p99 in milliseconds.
"""

import gzip
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import numpy as np

from routerd.core.candidate import Candidate
from routerd.core.config import Config
from routerd.core.decision import Decision
from routerd.core.features import Features, Reading
from routerd.core.outcome import Outcome
from routerd.core.ports import Provider
from routerd.core.request import Message, Request, Text
from routerd.core.status import EngineStatus
from routerd.journey.route import Journey
from routerd.policy import abilities, decide
from routerd.settings import places
from routerd.storage.outcomes import SqliteMemory
from routerd.understanding.classifier import OnnxUnderstanding

PROMPTS = Path(__file__).parents[2] / "models" / "training" / "data" / "real.jsonl.gz"
DECISIONS, CANDIDATES = 400, 40


class _Forty:
    """A catalogue of forty candidates that never answers."""

    engines: tuple[EngineStatus, ...] = ()

    def __init__(self) -> None:
        sizes = [0.5, 1.5, 3, 7, 8, 14, 22, 32, 70, 120]
        self._all = tuple(
            Candidate(
                provider=f"p{i // 10}",
                model=f"model-{i}-{sizes[i % 10]}b",
                ability=abilities.guess("", sizes[i % 10]).ability,
                context_tokens=32768,
            )
            for i in range(CANDIDATES)
        )

    def candidates(self) -> tuple[Candidate, ...]:
        return self._all

    def provider(self, name: str) -> Provider:
        raise LookupError(name)

    def enter(self, model: str) -> bool:
        raise LookupError(model)

    def report(self, model: str, **_: object) -> None:
        raise LookupError(model)


def prompts() -> list[str]:
    """Return distinct real prompts."""
    with gzip.open(PROMPTS, "rt", encoding="utf-8") as file:
        return list(dict.fromkeys(json.loads(line)["prompt"] for line in file))


def request(text: str) -> Request:
    """Return the prompt as a request."""
    return Request((Message("user", (Text(text),)),))


async def fill(memory: SqliteMemory, bases: list[bytes], count: int) -> None:
    """Remember `count` tasks near the given embeddings."""
    random = np.random.default_rng(7)
    real = np.stack([np.frombuffer(base, "<f4") for base in bases])
    blank = Decision("", Features(), (), (), decide.normalised(Config().weights), "balanced")
    facts: dict[str, Any] = {"session": "", "client": "bench", "workspace": "", "digest": ""}
    for number in range(count):
        vector = real[number % len(real)] + random.normal(0, 0.03, 384).astype("<f4")
        vector /= np.linalg.norm(vector)
        reading = Reading("generation", 0.9, 0.4, "python", vector.astype("<f4").tobytes())
        made = replace(blank, id=f"{number:012d}", features=Features(reading=reading))
        model = f"p{number % 4}/model-{number % CANDIDATES}"
        memory.remember(made, Outcome(made.id, "stop", model=model, success=1.0), facts)
        if number % 2000 == 1999:
            await memory.flush()
    await memory.flush()


async def main(count: int) -> None:
    """Fill, decide, print."""
    understanding = OnnxUnderstanding(places.shipped_model("router"))
    understanding.load()
    texts = prompts()
    with tempfile.TemporaryDirectory() as folder:
        async with SqliteMemory(Path(folder) / "state.db") as memory:
            bases = [understanding.read_now(request(text)).embedding for text in texts[:400]]
            await fill(memory, [base for base in bases if base], count)
            journey = Journey(understanding, memory, _Forty(), decide.Stance())
            times, understood = [], []
            for text in texts[400 : 400 + DECISIONS]:
                began = time.perf_counter()
                made = await journey.decide(request(text))
                times.append((time.perf_counter() - began) * 1e3)
                understood.append(made.features.understand_ms)
    understanding.close()
    times.sort()
    print(f"{len(times)} decisions, {CANDIDATES} candidates, {count} memories, real prompts")
    print(
        f"decision p50 {statistics.median(times):.2f} ms, p99 {times[int(len(times) * 0.99)]:.2f} ms"
    )
    print(f"of which understanding and neighbours p50 {statistics.median(understood):.2f} ms")


if __name__ == "__main__":
    anyio.run(partial(main, int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))

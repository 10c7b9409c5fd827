"""What policy, screening and the audit log add to a decision.

`python -m tests.bench.bench_governance`. One request that could go to the cloud, forty candidates,
four rules; the conversation is an agent's of about 60 kB whose last message is new each time.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import anyio

from routerd.audit.log import AuditLog
from routerd.core.candidate import Candidate, Price
from routerd.core.request import Message, Request, Text, ToolResult
from routerd.journey.permit import Permit
from routerd.journey.route import Journey
from routerd.policy.decide import Stance
from routerd.screening.screener import Screener
from routerd.settings import policy_file
from tests.fakes.rooms import FixedCatalogue, FixedUnderstanding, ListMemory

ROUNDS = 300
SOURCE = Path(__file__).parents[2] / "routerd"


def conversation(number: int) -> Request:
    """Return an agent's conversation; only the last message is new."""
    files = sorted(SOURCE.glob("journey/*.py")) + sorted(SOURCE.glob("policy/*.py"))
    results = [
        Message("tool", (ToolResult(str(i), path.read_text("utf-8")),))
        for i, path in enumerate(files[:12])
    ]
    new = f"turn {number}: " + "please refactor the parser so that errors name their line. " * 15
    return Request(
        (Message("system", (Text("Be brief."),)), *results, Message("user", (Text(new),)))
    )


def candidates() -> tuple[Candidate, ...]:
    """Return forty, half of them in the cloud."""
    return tuple(
        Candidate("p", f"m{n}", "cloud" if n % 2 else "device", n / 10, price=Price(1.0, 0.1, 5.0))
        for n in range(40)
    )


async def timed(job: Callable[[int], Awaitable[object]]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds."""
    times = []
    for number in range(ROUNDS):
        began_s = time.perf_counter()
        await job(number)
        times.append((time.perf_counter() - began_s) * 1e3)
    cuts = statistics.quantiles(times[10:], n=100)
    return {"p50_ms": round(cuts[49], 3), "p99_ms": round(cuts[98], 3)}


async def measure(folder: Path) -> dict[str, object]:
    """Return all figures."""
    catalogue = FixedCatalogue(listed=candidates())
    bare = Journey(FixedUnderstanding(), ListMemory(), catalogue, Stance())
    policy, _ = policy_file.load(policy_file.shipped_path("team"))
    ruled = replace(bare, permit=Permit(policy))
    screened = replace(bare, permit=Permit(policy, Screener()))
    requests = [conversation(number) for number in range(ROUNDS)]
    kilobytes = round(requests[0].characters / 1e3)
    figures: dict[str, object] = {"conversation": f"{kilobytes} kB"}
    for name, journey in (
        ("bare", bare),
        ("with rules", ruled),
        ("with rules and screening", screened),
    ):
        figures[name] = await timed(lambda n, j=journey: j.decide(requests[n]))  # type: ignore[misc]
    fresh = Screener()
    await fresh.find(requests[0])
    cold = Screener()
    await cold.find(Request((Message("user", (Text("warm up"),)),)))
    began_s = time.perf_counter()
    await cold.find(requests[0])
    figures["first search of the whole conversation, ms"] = round(
        (time.perf_counter() - began_s) * 1e3, 1
    )
    async with AuditLog(folder / "audit.log") as log:
        figures["audit entry on disk"] = await timed(lambda n: log.written("decided", {"n": n}))
    return figures


def main() -> int:
    """Print all figures as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(anyio.run(measure, Path(folder)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())

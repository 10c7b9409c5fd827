"""Agent sessions through the journey: unsafe switches, switches, cost, with and without the ledger.

`python -m tests.bench.bench_sessions [SESSIONS]`: simulated models, the real decision code.
"""

import sys
from functools import partial

import anyio

from routerd.sessions.ledger import Ledger
from tests.fakes.agent_sessions import MODELS, Client


async def _play(count: int) -> None:
    ledger = Ledger()
    ways = {
        "with the ledger": Client(ledger, 11),
        "without": Client(None, 11),
        "always local": Client(None, 11, MODELS[:1]),
        "always the best": Client(None, 11, MODELS[2:]),
    }
    print(
        f"{'':16} {'requests':>8} {'turns':>6} {'done':>6} {'switches':>8} {'unsafe':>6} {'cost':>9}"
    )
    for name, client in ways.items():
        for number in range(count):
            await client.play(f"session {number}")
        t = client.tally
        print(
            f"{name:16} {t.requests:8d} {t.turns:6d} {t.done / t.turns:6.1%} {t.switches:8d} "
            f"{t.unsafe:6d} {t.cost_usd:8.2f}$"
        )
    print(f"decisions of the ledger: {dict(sorted(ledger.counts.items()))}")


def main() -> None:
    """Play and print."""
    anyio.run(partial(_play, int(sys.argv[1]) if len(sys.argv) > 1 else 200))


if __name__ == "__main__":
    main()

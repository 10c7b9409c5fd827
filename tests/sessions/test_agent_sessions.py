"""Sixty sessions of an agent through the real journey, with the ledger and without."""

import pytest

from routerd.sessions.ledger import Ledger
from tests.fakes.agent_sessions import MODELS, Client, Tally

pytestmark = pytest.mark.anyio

SESSIONS = 60


async def played(ledger: Ledger | None, models: tuple[int, ...] = (0, 1, 2)) -> Tally:
    client = Client(ledger, seed=11, models=[MODELS[i] for i in models])
    for number in range(SESSIONS):
        await client.play(f"session {number}")
    return client.tally


async def test_no_switch_of_sixty_agent_sessions_is_unsafe() -> None:
    ledger = Ledger()
    tally = await played(ledger)
    assert (tally.sessions, tally.unsafe) == (SESSIONS, 0)
    assert tally.requests > 500
    # It does switch, where that is safe: a ledger that never let go would pass this test too.
    assert 0 < tally.switches < tally.turns
    assert {"kept", "escalated"} <= set(ledger.counts)


async def test_the_same_sessions_without_the_ledger_switch_where_they_must_not() -> None:
    # The positive control: the count of unsafe switches can be other than 0.
    tally = await played(None)
    assert tally.unsafe > 10


async def test_the_ledger_keeps_the_best_models_results_and_costs_less() -> None:
    ours, best = await played(Ledger()), await played(None, (2,))
    assert ours.cost_usd < best.cost_usd
    assert ours.by_model.get("sim/local-7b", 0) > 0
    assert ours.done / ours.turns > 0.95 * best.done / best.turns

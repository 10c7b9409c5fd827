"""A wall clock that jumps by years, forward and back, while tasks are remembered and found."""

from pathlib import Path

import pytest

from routerd.storage import rows
from routerd.storage.browsing import Wanted
from routerd.storage.forgetting import Forget
from routerd.storage.outcomes import SqliteMemory
from tests.fakes import past_tasks

pytestmark = pytest.mark.anyio
NOW_S, YEAR_S = 1.76e9, 365 * 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def remember(memory: SqliteMemory, number: int) -> None:
    identity = f"d{number}"
    memory.remember(
        past_tasks.decision(identity, past_tasks.embedding(number)),
        past_tasks.outcome(identity),
        past_tasks.FACTS,
    )


@pytest.mark.parametrize("jump_s", [-20 * YEAR_S, -3600.0, 3600.0, 20 * YEAR_S])
async def test_ages_stay_sane_and_nothing_is_lost(tmp_path: Path, jump_s: float) -> None:
    clock = Clock()
    async with SqliteMemory(tmp_path / "state.db", clock_s=clock) as memory:
        remember(memory, 1)
        clock.now_s += jump_s
        remember(memory, 2)
        assert await memory.flush()
        near = {
            round(n.age_s) for n in await memory.nearest(past_tasks.embedding(1), workspace="", k=2)
        }
        assert near == {0, max(0, round(jump_s))}
        rows, _ = await memory.page(Wanted(limit=5))
        assert [row["id"] for row in rows] == ["d2", "d1"], "in order of arrival"
        assert (await memory.counts())["requests"] == 2
    async with SqliteMemory(tmp_path / "state.db", clock_s=clock) as memory:
        assert memory.notice == ""
        assert len(await memory.nearest(past_tasks.embedding(1), workspace="", k=5)) == 2


async def test_what_a_wrong_clock_put_into_the_future_makes_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_SWEEP_EVERY", 4)
    clock = Clock()
    async with SqliteMemory(tmp_path / "state.db", max_memories=6, clock_s=clock) as memory:
        clock.now_s += 30 * YEAR_S
        for number in range(3):
            remember(memory, number)
        clock.now_s = NOW_S
        for number in range(3, 30):
            clock.now_s += 60.0
            remember(memory, number)
        assert await memory.flush()
        found = await memory.nearest(past_tasks.embedding(0), workspace="", k=6)
        assert len(found) == 6
        assert max(one.similarity for one in found) < 0.999, "the old ones have made room"


async def test_a_neighbour_in_use_is_taken_out_of_the_future(tmp_path: Path) -> None:
    clock = Clock()
    async with SqliteMemory(tmp_path / "state.db", clock_s=clock) as memory:
        clock.now_s += YEAR_S
        remember(memory, 1)
        clock.now_s = NOW_S
        assert await memory.flush()
        assert await memory.nearest(past_tasks.embedding(1), workspace="", k=1)
        assert await memory.flush()
        use = await memory._look_back(
            lambda connection: connection.execute("select useful_at_unix_s from memories").get
        )
        assert use == NOW_S
        assert (await memory.forget(Forget(since_unix_s=NOW_S + 1))).decisions == 1  # type: ignore[union-attr]

"""What is forgotten is gone: from what is found, and from the bytes of the files."""

from pathlib import Path

import pytest

from routerd.policy.budgets import Spent
from routerd.storage.forgetting import Forget, Forgotten, without_embedding
from routerd.storage.outcomes import SqliteMemory
from tests.fakes import past_tasks

pytestmark = pytest.mark.anyio


def remember(memory: SqliteMemory, number: int, workspace: str) -> None:
    identity = f"decision-{number:04d}"
    memory.remember(
        past_tasks.decision(identity, past_tasks.embedding(number)),
        past_tasks.outcome(identity),
        {**past_tasks.FACTS, "workspace": workspace},
    )


def written(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(home.glob("state.db*")))


async def test_one_workspace_is_forgotten_down_to_its_bytes(tmp_path: Path) -> None:
    async with SqliteMemory(tmp_path / "state.db") as memory:
        for number in range(30):
            remember(memory, number, "/w/secret-client" if number % 3 == 0 else "/w/shop")
        assert await memory.flush()
        gone = past_tasks.embedding(3)
        assert gone in written(tmp_path)
        assert await memory.forget(Forget("/w/secret-client")) == Forgotten(10, 10, 0)
        found = await memory.nearest(gone, workspace="", k=96)
        assert len(found) == 20
        assert max(one.similarity for one in found) < 0.999
        assert await memory.decision("decision-0003") is None
        assert await memory.decision("decision-0004") is not None
    left = written(tmp_path)
    assert gone not in left
    assert b"secret-client" not in left
    assert b"decision-0003" not in left
    assert past_tasks.embedding(4) in left


async def test_a_time_is_forgotten_from_both_sides(tmp_path: Path) -> None:
    async with SqliteMemory(tmp_path / "state.db") as memory:
        remember(memory, 1, "/w")
        assert await memory.forget(Forget(until_unix_s=1.0)) == Forgotten()
        assert await memory.forget(Forget(since_unix_s=4e9)) == Forgotten()
        assert await memory.forget(Forget(since_unix_s=1.0)) == Forgotten(1, 1, 0)


async def test_everything_means_sums_too_and_a_workspace_does_not(tmp_path: Path) -> None:
    async with SqliteMemory(tmp_path / "state.db") as memory:
        remember(memory, 1, "/w")
        memory.spend(Spent("2026-11-27", "/w", "cursor", 0.5))
        await memory.forget(Forget("/w"))
        assert len(await memory.spent()) == 1
        remember(memory, 2, "/w")
        assert await memory.forget(Forget()) == Forgotten(1, 1, 1)
        assert await memory.spent() == ()
        assert (await memory.counts())["requests"] == 0


async def test_new_tasks_are_remembered_after_forgetting(tmp_path: Path) -> None:
    async with SqliteMemory(tmp_path / "state.db") as memory:
        remember(memory, 1, "/w")
        await memory.forget(Forget())
        remember(memory, 2, "/w")
        assert await memory.flush()
        (near,) = await memory.nearest(past_tasks.embedding(2), workspace="", k=5)
        assert near.similarity == pytest.approx(1.0, abs=1e-6)


async def test_without_stored_embeddings_decisions_are_kept_and_nothing_is_found(
    tmp_path: Path,
) -> None:
    async with SqliteMemory(tmp_path / "state.db", store_embeddings=False) as memory:
        remember(memory, 1, "/w")
        assert await memory.flush()
        assert await memory.nearest(past_tasks.embedding(1), workspace="", k=5) == ()
        assert await memory.decision("last") is not None
    assert past_tasks.embedding(1) not in written(tmp_path)


def test_a_decision_without_embedding_is_otherwise_the_same() -> None:
    made = past_tasks.decision("d", past_tasks.embedding(1))
    bare = without_embedding(made)
    assert bare.features.reading.embedding == b""
    assert bare.features.reading.task == made.features.reading.task
    assert bare.ranked == made.ranked


async def test_evidence_goes_with_its_decision_and_the_matrix_with_everything(
    tmp_path: Path,
) -> None:
    async with SqliteMemory(tmp_path / "state.db") as memory:
        for number, workspace in ((1, "/w"), (2, "/v")):
            remember(memory, number, workspace)
            memory.note_evidence(f"decision-{number:04d}", "feedback", 1.0)
            memory.note_evidence(f"decision-{number:04d}/cloud/big", "faults", 0.0)
        memory.save_cells([(("here/m",), {"tried": 3.0})])
        await memory.forget(Forget("/w"))
        assert await memory.cells() != []
        left = written(tmp_path)
        assert b"decision-0001" not in left
        assert b"decision-0002/cloud/big" in left
        await memory.forget(Forget())
        assert await memory.cells() == []
    assert b"decision-" not in written(tmp_path)


async def test_files_set_aside_earlier_are_told_of_and_go_with_everything(tmp_path: Path) -> None:
    old = tmp_path / "state.db.corrupt-20260101T000000"
    for suffix in ("", "-wal", "-suspect"):
        old.with_name(old.name + suffix).write_bytes(b"what was said")
    async with SqliteMemory(tmp_path / "state.db") as memory:
        remember(memory, 1, "/w")
        assert await memory.forget(Forget("/w")) == Forgotten(1, 1, 0, set_aside=1)
        assert old.exists()
        assert await memory.forget(Forget()) == Forgotten(0, 0, 0, set_aside=1)
        assert not old.exists()
        assert await memory.forget(Forget()) == Forgotten()

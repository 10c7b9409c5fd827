"""A power cut at any step of a commit or a checkpoint: what was acknowledged is there, all is sound."""

import random
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from routerd.storage import opening
from routerd.storage.database import Connection, check_structure, open_connection
from routerd.storage.forgetting import Forget
from routerd.storage.outcomes import SqliteMemory
from tests.fakes import past_tasks
from tests.fakes.power_cut import ForgetfulDisk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shim stands on Unix files")
Cut = tuple[Path, int]


def remember(memory: SqliteMemory, number: int) -> None:
    identity = f"d{number}"
    memory.remember(
        past_tasks.decision(identity, past_tasks.embedding(number)),
        past_tasks.outcome(identity),
        past_tasks.FACTS,
    )


def checkpoint_often(connection: Connection) -> None:
    connection.pragma("wal_autocheckpoint", 150)


class Work:
    """Remembers rows on the forgetful disk; each cut notes how many were acknowledged by then."""

    def __init__(self, folder: Path, cuts: int, seed: int) -> None:
        self.folder, self.cuts, self.rng = folder, cuts, random.Random(seed)
        self.disk = ForgetfulDisk()
        self.disk.on_step = self.maybe_cut
        self.acknowledged = 0
        self.done: list[Cut] = []

    def maybe_cut(self) -> None:
        if len(self.done) < self.cuts and self.rng.random() < 0.02:
            into = self.folder / f"cut-{len(self.done)}"
            noted = self.acknowledged
            self.disk.cut(into, self.rng)
            self.done.append((into, noted))

    async def run(self) -> None:
        async with SqliteMemory(self.folder / "home" / "state.db", max_memories=30) as memory:
            memory._writer.put(checkpoint_often)
            number = 0
            while len(self.done) < self.cuts:
                for _ in range(self.rng.randint(1, 4)):
                    remember(memory, number)
                    number += 1
                assert await memory.flush()
                self.acknowledged = number


def cuts(folder: Path, count: int, seed: int) -> list[Cut]:
    work = Work(folder, count, seed)
    try:
        anyio.run(work.run)
    finally:
        work.disk.unregister()
    return work.done


async def found_after(folder: Path) -> tuple[set[str], str]:
    """Start on what the cut left; return the decisions and what people are told."""
    path = folder / "state.db"
    async with SqliteMemory(path) as memory:
        assert await memory.flush()
        notice = memory.notice
        remember(memory, 10**6)
        assert await memory.flush(), "it goes on as ever"
        await memory.forget(Forget(since_unix_s=4e9))
    connection = open_connection(path, writable=False)
    try:
        check_structure(connection)
        rows = {str(row[0]) for row in connection.execute("select id from decisions")}
        whole = connection.execute(
            "select count(*) from decisions where id not in (select decision_id from outcomes)"
        ).get
    finally:
        connection.close()
    assert whole == 0, "a decision and its outcome come together"
    return rows - {f"d{10**6}"}, notice


def loses_nothing(folder: Path, count: int, seed: int) -> None:
    done = cuts(folder, count, seed)
    for into, acknowledged in done:
        rows, notice = anyio.run(found_after, into)
        assert notice == "", into
        missing = {f"d{number}" for number in range(acknowledged)} - rows
        assert missing == set(), into
    assert done[-1][1] > 20


def test_nothing_acknowledged_is_lost_in_forty_power_cuts(tmp_path: Path) -> None:
    loses_nothing(tmp_path, 40, 11)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_three_hundred_power_cuts(tmp_path: Path) -> None:
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        loses_nothing(folder, 50, seed)


def test_synced_less_often_the_same_cuts_take_the_end_but_never_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the shim tells NORMAL from FULL, which a killed process can't."""

    def normal(path: Path, **more: Any) -> Connection:
        connection = open_connection(path, **more)
        connection.pragma("synchronous", 1)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(opening, "open_connection", normal)
        done = cuts(tmp_path, 20, 12)
    lost = 0
    for into, acknowledged in done:
        rows, notice = anyio.run(found_after, into)
        assert notice == "", into
        assert rows == {f"d{number}" for number in range(len(rows))}, "the end alone is missing"
        lost += len(rows) < acknowledged
    assert lost > 0

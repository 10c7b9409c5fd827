import json
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from routerd.core.ports import Memory
from routerd.storage import database
from routerd.storage.browsing import Wanted
from routerd.storage.database import check_structure, open_connection
from routerd.storage.database_files import StorageRefused, claim
from routerd.storage.outcomes import HistoryUnreadable, SqliteMemory, read_decision
from routerd.storage.writer import Writer
from tests.fakes import past_tasks

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
PROCESS = [sys.executable, "-m", "tests.fakes.history_process"]
KILLS = 5


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked file is given up on soon, so that the test doesn't wait for it."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.db"


def remember(memory: Memory, number: int, *, success: float | None = 1.0) -> None:
    identity = f"d{number}"
    memory.remember(
        past_tasks.decision(identity, past_tasks.embedding(number)),
        past_tasks.outcome(identity, success=success),
        past_tasks.FACTS,
    )


async def test_what_was_remembered_is_found_again(path: Path) -> None:
    async with SqliteMemory(path) as memory:
        for number in range(4):
            remember(memory, number)
        assert await memory.flush()
        found = await memory.nearest(past_tasks.embedding(2), workspace="/elsewhere", k=3)
        assert len(found) == 3
        assert found[0].similarity == pytest.approx(1.0, abs=1e-6)
        assert found[0].model == "ollama/small:3b"
        assert 0 <= found[0].age_s < 60
        past = await memory.decision("last")
        assert past is not None
        assert (past[0].id, past[1]) == ("d3", past_tasks.outcome("d3"))
        assert past[2]["workspace"] == "/home/me/project"
        rows, _ = await memory.page(Wanted(limit=2))
        assert [row["id"] for row in rows] == ["d3", "d2"]
        assert (await memory.counts())["memories"] == 4
        assert (memory.notice, memory.health) == ("", "")


async def test_memory_survives_a_restart(path: Path) -> None:
    async with SqliteMemory(path) as memory:
        remember(memory, 1)
    async with SqliteMemory(path) as memory:
        assert len(await memory.nearest(past_tasks.embedding(1), workspace="", k=16)) == 1
        assert await memory.decision("d1") is not None
        assert await memory.decision("d2") is None


@pytest.mark.parametrize("embedding", [b"", b"short", bytes(1536), b"\xff" * 1536])
async def test_an_embedding_that_cannot_be_compared_has_no_neighbours(
    path: Path, embedding: bytes
) -> None:
    async with SqliteMemory(path) as memory:
        remember(memory, 1)
        assert await memory.flush()
        assert await memory.nearest(embedding, workspace="", k=16) == ()


async def test_a_cancelled_request_is_history_but_no_neighbour(path: Path) -> None:
    async with SqliteMemory(path) as memory:
        remember(memory, 1, success=None)
        assert await memory.flush()
        assert await memory.nearest(past_tasks.embedding(1), workspace="", k=16) == ()
        assert (await memory.counts())["requests"] == 1


async def test_the_cap_holds_and_the_newest_tasks_are_found(path: Path) -> None:
    async with SqliteMemory(path, max_memories=8) as memory:
        for number in range(30):
            remember(memory, number)
        assert await memory.flush()
        assert (await memory.counts())["memories"] == 8
        (nearest,) = await memory.nearest(past_tasks.embedding(29), workspace="", k=1)
        assert nearest.similarity == pytest.approx(1.0, abs=1e-6)
        (other,) = await memory.nearest(past_tasks.embedding(3), workspace="", k=1)
        assert other.similarity < 0.9


async def test_a_memory_that_was_of_use_after_a_day_is_marked(path: Path) -> None:
    async with SqliteMemory(path) as memory:
        remember(memory, 1)
        assert await memory.flush()
    connection = open_connection(path, writable=True)
    connection.execute("update memories set useful_at_unix_s = 0")
    connection.close()
    async with SqliteMemory(path) as memory:
        await memory.nearest(past_tasks.embedding(1), workspace="", k=1)
        assert await memory.flush()
    connection = open_connection(path, writable=False)
    assert connection.execute("select useful_at_unix_s from memories").get > 1e9
    connection.close()


async def test_neighbours_and_history_are_read_while_rows_are_written(path: Path) -> None:
    async with SqliteMemory(path, max_memories=50) as memory:
        remember(memory, 0)
        assert await memory.flush()
        written = anyio.Event()
        asked: Counter[str] = Counter()

        async def write() -> None:
            for number in range(1, 200):
                remember(memory, number)
                if number % 20 == 0:
                    assert await memory.flush()
            written.set()

        async def find() -> None:
            while not written.is_set():
                asked["nearest"] += 1
                assert await memory.nearest(past_tasks.embedding(0), workspace="", k=16)

        async def look_back() -> None:
            seen = 0
            while not written.is_set():
                asked["history"] += 1
                now = (await memory.counts())["requests"]
                assert now >= seen
                seen = now
                assert (await memory.page(Wanted(limit=5)))[0]

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(write)
                group.start_soon(find)
                group.start_soon(look_back)
        assert min(asked.values()) > 1
        assert await memory.flush()
        assert (await memory.counts())["requests"] == 200
        assert memory.health == ""


async def test_remembering_never_waits_for_the_disk(path: Path) -> None:
    async with SqliteMemory(path) as memory:
        other = open_connection(path, writable=True)
        other.execute("begin immediate")
        with anyio.fail_after(0.5):
            for number in range(100):
                remember(memory, number)
            await anyio.lowlevel.checkpoint()
        other.execute("rollback")
        other.close()
        assert await memory.flush()
        assert (await memory.counts())["requests"] == 100


async def test_trouble_with_reading_is_told_and_costs_only_the_neighbours(path: Path) -> None:
    async with SqliteMemory(path) as memory:
        remember(memory, 1)
        assert await memory.flush()
        breaking = open_connection(path, writable=True)
        breaking.execute("drop table memories; drop table totals; drop table decisions")
        breaking.close()
        assert await memory.nearest(past_tasks.embedding(1), workspace="", k=16) == ()
        assert "no such table" in memory.health
        assert await memory.counts() == {}
        with pytest.raises(HistoryUnreadable, match="history can't be read"):
            await memory.decision("last")


@pytest.mark.usefixtures("impatient")
async def test_without_a_database_there_is_no_memory_and_no_error(path: Path) -> None:
    claim(path)
    other = open_connection(path, writable=True)
    other.execute("begin immediate; create table halfway (x)")
    async with SqliteMemory(path, writer=Writer(path, retry_s=60)) as memory:
        remember(memory, 1)
        assert await memory.nearest(past_tasks.embedding(1), workspace="", k=16) == ()
        assert await memory.counts() == {}
        assert "locked" in memory.health
        other.execute("rollback")
        assert await memory.flush()
        assert len(await memory.nearest(past_tasks.embedding(1), workspace="", k=16)) == 1
        assert memory.health == ""
        other.close()


@pytest.fixture
def garbage(path: Path) -> Path:
    claim(path)
    path.write_bytes(b"garbage" * 1000)
    return path


async def test_a_damaged_file_is_set_aside_and_the_notice_says_so(garbage: Path) -> None:
    async with SqliteMemory(garbage) as memory:
        assert "kept as state.db.corrupt-" in memory.notice
        remember(memory, 1)
        assert await memory.flush()
        assert (await memory.counts())["requests"] == 1


async def test_a_place_that_cannot_be_trusted_is_refused(path: Path) -> None:
    claim(path / "is a directory")
    with pytest.raises(StorageRefused):
        async with SqliteMemory(path):
            pass


async def test_a_cancelled_daemon_still_commits_what_it_remembered(path: Path) -> None:
    with anyio.CancelScope() as scope:
        async with SqliteMemory(path) as memory:
            for number in range(20):
                remember(memory, number)
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert [found.name for found in path.parent.iterdir()] == ["state.db"]
    past = read_decision(path, "last")
    assert past is not None
    assert past[0].id == "d19"


def test_a_decision_can_be_read_without_a_daemon(path: Path) -> None:
    async def write() -> None:
        async with SqliteMemory(path) as memory:
            remember(memory, 1)

    assert read_decision(path, "last") is None
    anyio.run(write)
    past = read_decision(path, "d1")
    assert past is not None
    assert past[0] == past_tasks.decision("d1")
    assert read_decision(path, "d2") is None


def test_a_damaged_file_read_without_a_daemon_is_an_error_that_says_so(garbage: Path) -> None:
    with pytest.raises(HistoryUnreadable, match=r"state\.db can't be read"):
        read_decision(garbage, "last")


def kill_while_writing(path: Path) -> int:
    """Return the last number that was acknowledged before the process was killed."""
    acknowledged = -1
    with subprocess.Popen(
        [*PROCESS, "acknowledge", str(path)], cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for _ in range(6):
            acknowledged = int(process.stdout.readline())
        process.kill()
        for line in process.stdout:
            if line.endswith("\n"):
                acknowledged = int(line)
    return acknowledged


def test_no_acknowledged_row_is_lost_when_the_writer_is_killed(path: Path) -> None:
    for _ in range(KILLS):
        acknowledged = kill_while_writing(path)
        past = read_decision(path, f"d{acknowledged}")
        assert past is not None
        connection = open_connection(path, writable=True)
        check_structure(connection)
        requests = connection.execute("select requests from totals").get
        assert requests >= acknowledged + 1
        assert connection.execute("select count(*) from decisions").get == requests
        # The last transaction is there whole or not at all: every memory has its vector.
        assert connection.execute(
            "select count(*) from memories as m join memory_vectors as v on v.id = m.id"
        ).get == min(requests, 40)
        connection.close()
    modes = {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert sys.platform == "win32" or modes == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is a POSIX limit")
def test_a_full_disk_stops_history_only_and_it_recovers_by_itself(path: Path) -> None:
    process = subprocess.run(
        [*PROCESS, "fill", str(path)], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    said = json.loads(process.stdout)
    assert said["written"] > 3
    assert "history is not being written" in said["health_when_full"]
    assert said["readable_when_full"] >= said["written"]
    assert said["neighbours_when_full"] == 1
    assert said["recovered"]
    assert said["health_after"] == ""
    assert said["requests_after"] == said["remembered"]

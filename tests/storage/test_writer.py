import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event

import anyio
import anyio.lowlevel
import pytest

from routerd.storage import database
from routerd.storage.committer import Write
from routerd.storage.database import Connection, open_connection
from routerd.storage.database_files import StorageRefused, claim
from routerd.storage.writer import Writer

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked file is given up on soon, so that these tests don't wait for it."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    made = Writer(path, max_backlog=50, max_batch=8, retry_s=60)
    await made.start()
    made.put(lambda connection: _run(connection, "create table t (x unique)"))
    assert await made.flush()
    yield made
    await made.aclose()


def _run(connection: Connection, statement: str, *values: int) -> None:
    connection.execute(statement, values)


def row(number: int) -> Write:
    return lambda connection: _run(connection, "insert into t values (?)", number)


def rows(path: Path) -> list[int]:
    reader = open_connection(path, writable=False)
    found = [x for (x,) in reader.execute("select x from t order by x")]
    reader.close()
    return found


async def test_a_flush_returns_when_everything_before_it_is_committed(
    writer: Writer, path: Path
) -> None:
    for number in range(30):
        writer.put(row(number))
    assert await writer.flush()
    assert rows(path) == list(range(30))
    assert writer.health == ""


async def test_rows_that_arrive_during_a_commit_share_the_next_one(writer: Writer) -> None:
    commits: list[int] = []
    gate = Event()

    def hold(connection: Connection) -> None:
        connection.set_commit_hook(lambda: commits.append(1) is not None)
        gate.wait(5)

    writer.put(hold)
    for number in range(16):
        writer.put(row(number))
    gate.set()
    assert await writer.flush()
    # The held row alone or with the first few, then batches of at most eight.
    assert len(commits) == 3


async def test_what_comes_after_a_row_runs_once_it_is_visible(writer: Writer, path: Path) -> None:
    seen: list[list[int]] = []

    def write(connection: Connection) -> Callable[[], None]:
        _run(connection, "insert into t values (1)")
        return lambda: seen.append(rows(path))

    writer.put(write)
    assert await writer.flush()
    assert seen == [[1]]


async def test_a_row_that_cannot_be_written_does_not_take_others_with_it(
    writer: Writer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2, 2, 3):
        writer.put(row(number))
    assert await writer.flush()
    assert rows(path) == [1, 2, 3]
    assert "UNIQUE constraint failed" in caplog.text
    assert writer.health == ""


async def test_a_locked_file_is_waited_for_and_then_caught_up_with(
    writer: Writer, path: Path
) -> None:
    other = open_connection(path, writable=True)
    other.execute("begin immediate")
    for number in range(60):
        writer.put(row(number))
    assert not await writer.flush()
    assert "database is locked" in writer.health
    assert re.search(r"5\d rows wait, \d+ lost", writer.health)
    other.execute("rollback")
    other.close()
    assert not await writer.flush(), "rows before it were refused: they are lost"
    assert await writer.flush()
    found = rows(path)
    # One row may be on its way from the queue to the backlog while the next is counted.
    assert len(found) in (50, 51)
    assert found == list(range(len(found)))
    assert writer.health == ""


async def test_a_fault_of_the_writer_itself_keeps_nobody_waiting(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> bool:
        raise MemoryError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(writer, "_commit_backlog", lambda: fail(None))
        writer.put(row(1))
        assert not await writer.flush()
        assert "MemoryError" in writer.health
    assert await writer.flush()
    assert writer.health == ""


async def test_a_writer_in_trouble_tries_again_by_itself(path: Path) -> None:
    writer = Writer(path, retry_s=0.01)
    await writer.start()
    other = open_connection(path, writable=True)
    other.execute("begin immediate")
    committed = anyio.Event()
    token = anyio.lowlevel.current_token()

    def write(connection: Connection) -> Callable[[], None]:
        _run(connection, "create table t (x)")
        return lambda: anyio.from_thread.run_sync(committed.set, token=token)

    writer.put(write)
    assert not await writer.flush()
    other.execute("rollback")
    with anyio.fail_after(5):
        await committed.wait()
    assert writer.health == ""
    other.close()
    await writer.aclose()


async def test_a_file_that_cannot_be_opened_yet_is_no_reason_to_fail(path: Path) -> None:
    claim(path)
    other = open_connection(path, writable=True)
    other.execute("begin immediate; create table halfway (x)")
    writer = Writer(path, retry_s=60)
    await writer.start()
    assert not writer.ready
    assert "locked" in writer.health
    other.execute("rollback")
    other.close()
    writer.put(lambda connection: _run(connection, "create table t (x)"))
    assert await writer.flush()
    assert writer.ready
    await writer.aclose()


async def test_a_place_that_cannot_be_trusted_is_refused_at_start(path: Path) -> None:
    claim(path / "is a directory")
    writer = Writer(path)
    with pytest.raises(StorageRefused):
        await writer.start()
    await writer.aclose()


async def test_closing_commits_what_waits_and_leaves_no_side_files(path: Path) -> None:
    writer = Writer(path)
    await writer.start()
    writer.put(lambda connection: _run(connection, "create table t (x)"))
    for number in range(10):
        writer.put(row(number))
    await writer.aclose()
    assert [found.name for found in path.parent.iterdir()] == ["state.db"]
    assert rows(path) == list(range(10))
    assert not await writer.flush()

from collections.abc import AsyncIterator
from pathlib import Path
from threading import Event, current_thread

import anyio
import anyio.lowlevel
import pytest

from routerd.storage.database import Connection, SqliteError, open_connection
from routerd.storage.database_files import claim
from routerd.storage.reader import Reader

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "home" / "state.db"
    claim(found)
    connection = open_connection(found, writable=True)
    connection.execute("create table t (x); insert into t values (42)")
    connection.close()
    return found


@pytest.fixture
async def reader(path: Path) -> AsyncIterator[Reader]:
    made = Reader("sqlite-test", lambda: open_connection(path, writable=False))
    made.start()
    yield made
    await made.aclose()


def value(connection: Connection) -> int:
    found: int = connection.execute("select x from t").get
    return found


async def test_a_job_runs_on_the_readers_own_thread(reader: Reader) -> None:
    assert await reader.call(value) == 42
    assert await reader.call(lambda _: current_thread().name) == "sqlite-test"


async def test_jobs_run_in_the_order_they_came(reader: Reader) -> None:
    seen: list[int] = []
    for number in range(20):
        reader.submit(lambda _, number=number: seen.append(number))
    await reader.call(value)
    assert seen == list(range(20))


async def test_an_error_reaches_the_caller_and_the_reader_goes_on(reader: Reader) -> None:
    with pytest.raises(SqliteError, match="no such table"):
        await reader.call(lambda connection: connection.execute("select * from nowhere"))
    assert await reader.call(value) == 42


async def test_an_error_in_a_job_nobody_waits_for_is_logged(
    reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Connection) -> None:
        raise ValueError("broken job")

    reader.submit(fail)
    assert await reader.call(value) == 42
    assert "broken job" in caplog.text


async def test_a_cancelled_call_spares_the_job_that_has_not_begun(reader: Reader) -> None:
    blocked, go_on, ran = Event(), Event(), Event()

    def block(_: Connection) -> None:
        blocked.set()
        go_on.wait(5)

    reader.submit(block)
    await anyio.to_thread.run_sync(blocked.wait, 5)
    async with anyio.create_task_group() as group:
        group.start_soon(reader.call, lambda _: ran.set())
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    go_on.set()
    assert await reader.call(value) == 42
    assert not ran.is_set()


async def test_a_file_that_appears_later_is_opened_then(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.db"
    reader = Reader("sqlite-test", lambda: open_connection(path, writable=False))
    reader.start()
    with pytest.raises(SqliteError):
        await reader.call(value)
    claim(path)
    connection = open_connection(path, writable=True)
    connection.execute("create table t (x); insert into t values (7)")
    assert await reader.call(value) == 7
    await reader.aclose()
    connection.close()


async def test_closing_finishes_the_jobs_that_were_handed_in(path: Path) -> None:
    reader = Reader("sqlite-test", lambda: open_connection(path, writable=False))
    reader.start()
    seen: list[int] = []
    for _ in range(5):
        reader.submit(lambda connection: seen.append(value(connection)))
    await reader.aclose()
    await reader.aclose()
    assert seen == [42] * 5

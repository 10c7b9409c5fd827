from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from routerd.storage import database
from routerd.storage.committer import Committer, Write
from routerd.storage.database import Connection, Damaged, open_connection
from routerd.storage.database_files import claim, ended_badly


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked file is given up on soon, so that these tests don't wait for it."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.db"


@pytest.fixture
def committer(path: Path) -> Iterator[Committer]:
    made = Committer(path)
    made.commit([lambda connection: run(connection, "create table t (x unique)")])
    yield made
    made.close()


def run(connection: Connection, statement: str, *values: int) -> None:
    connection.execute(statement, values)


def insert(number: int) -> Write:
    return lambda connection: run(connection, "insert into t values (?)", number)


def count(path: Path) -> int:
    reader = open_connection(path, writable=False)
    found: int = reader.execute("select count(*) from t").get
    reader.close()
    return found


def test_a_batch_is_written_whole(committer: Committer, path: Path) -> None:
    assert committer.commit([insert(1), insert(2)])
    assert count(path) == 2
    assert committer.ready


def test_a_batch_with_a_row_that_never_works_is_not_written_at_all(
    committer: Committer, path: Path
) -> None:
    with pytest.raises(database.SqliteError, match="UNIQUE"):
        committer.commit([insert(1), insert(1)])
    assert count(path) == 0
    assert committer.commit([insert(1)])
    assert committer.trouble == ""


def test_a_locked_file_is_trouble_that_passes(committer: Committer, path: Path) -> None:
    other = open_connection(path, writable=True)
    other.execute("begin immediate")
    assert not committer.commit([insert(1)])
    assert "locked" in committer.trouble
    other.execute("rollback")
    other.close()
    assert committer.commit([insert(1)])
    assert committer.trouble == ""
    assert count(path) == 1
    assert not path.with_name("state.db-suspect").exists()


def test_damage_marks_the_file_for_the_next_start_and_leaves_it_in_place(
    committer: Committer, path: Path
) -> None:
    def hit_a_bad_page(_: Connection) -> None:
        raise Damaged("page 3 is malformed")

    assert not committer.commit([hit_a_bad_page])
    assert "page 3 is malformed (restart routerd" in committer.trouble
    assert ended_badly(path)
    assert list(path.parent.glob("*.corrupt-*")) == []


def test_what_follows_a_commit_does_not_follow_a_failure(committer: Committer) -> None:
    followed: list[int] = []

    def write(connection: Connection) -> Callable[[], None]:
        connection.execute("insert into t values (1)")
        return lambda: followed.append(1)

    with pytest.raises(database.SqliteError):
        committer.commit([write, insert(1)])
    assert followed == []
    assert committer.commit([write])
    assert followed == [1]


def test_a_file_that_can_be_neither_used_nor_set_aside_is_trouble_and_no_error(path: Path) -> None:
    claim(path)
    path.write_bytes(b"garbage" * 1000)
    for number in range(20):
        path.with_name(f"state.db.corrupt-{number}").touch()
    committer = Committer(path)
    assert committer.open() is None
    assert "set aside" in committer.trouble
    assert not committer.ready

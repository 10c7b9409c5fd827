from collections.abc import Iterator
from pathlib import Path

import pytest

from routerd.storage import migrations
from routerd.storage.database import Connection, SqliteError, open_connection
from routerd.storage.migrations import ForeignSchema, migrate

MIGRATED = migrations.MIGRATIONS


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    (tmp_path / "state.db").touch()
    opened = open_connection(tmp_path / "state.db", writable=True)
    yield opened
    opened.close()


def tables(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute("select name from sqlite_schema")}


def test_an_empty_file_gets_every_table(connection: Connection) -> None:
    migrate(connection)
    assert {
        "decisions",
        "outcomes",
        "memories",
        "memory_vectors",
        "totals",
        "evidence",
        "matrix",
    } <= tables(connection)
    assert connection.pragma("user_version") == len(migrations.MIGRATIONS)
    assert connection.pragma("application_id") == migrations.APPLICATION_ID


def test_a_newest_file_is_left_alone(connection: Connection) -> None:
    migrate(connection)
    connection.execute("update totals set requests = 7")
    migrate(connection)
    assert connection.execute("select requests from totals").get == 7


def test_an_older_file_takes_only_the_steps_it_lacks(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.m001_decisions_and_outcomes,))
    migrate(connection)
    monkeypatch.undo()
    migrate(connection)
    assert connection.pragma("user_version") == len(MIGRATED)
    assert "memories" in tables(connection)


def test_a_step_that_fails_leaves_the_file_as_it_was(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def m999_breaks(connection: Connection) -> None:
        connection.execute("create table halfway (x)")
        connection.execute("select no_such_function()")

    migrate(connection)
    before = tables(connection)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, m999_breaks))
    with pytest.raises(SqliteError):
        migrate(connection)
    assert tables(connection) == before
    assert connection.pragma("user_version") == len(MIGRATED)


def test_the_file_of_a_newer_routerd_is_refused(connection: Connection) -> None:
    migrate(connection)
    connection.pragma("user_version", 99)
    with pytest.raises(ForeignSchema, match="newer routerd"):
        migrate(connection)


def test_the_file_of_another_program_is_refused(connection: Connection) -> None:
    connection.execute("create table bookmarks (url)")
    with pytest.raises(ForeignSchema, match="another program"):
        migrate(connection)

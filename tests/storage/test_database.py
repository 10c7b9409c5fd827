from pathlib import Path

import pytest

from routerd.storage.database import (
    Damaged,
    SqliteError,
    check_structure,
    fold_wal,
    open_connection,
)
from routerd.storage.database_files import claim


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "home" / "state.db"
    claim(found)
    return found


def test_a_writable_connection_is_in_wal_mode_and_waits_for_the_disk(path: Path) -> None:
    connection = open_connection(path, writable=True)
    settings = {
        name: connection.pragma(name)
        for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema", "mmap_size")
    }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "mmap_size": 0,
    }
    connection.close()


def test_vectors_can_be_used_but_no_further_extension_can_be_loaded(path: Path) -> None:
    connection = open_connection(path, writable=True)
    assert connection.execute("select vec_version()").get.startswith("v0.1.")
    with pytest.raises(SqliteError):
        connection.execute("select load_extension('vec0')")
    connection.close()


def test_a_reader_cannot_write(path: Path) -> None:
    writer = open_connection(path, writable=True)
    writer.execute("create table t (x)")
    reader = open_connection(path, writable=False)
    with pytest.raises(SqliteError, match="readonly"):
        reader.execute("insert into t values (1)")
    reader.close()
    writer.close()


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(SqliteError):
        open_connection(tmp_path / "state.db", writable=True)
    assert list(tmp_path.iterdir()) == []


def test_folding_the_wal_leaves_all_rows_in_the_file_itself(path: Path) -> None:
    connection = open_connection(path, writable=True)
    connection.execute("create table t (x); insert into t values (42)")
    fold_wal(connection)
    assert path.with_name("state.db-wal").stat().st_size == 0
    connection.close()
    assert not path.with_name("state.db-wal").exists()


def test_a_sound_structure_passes_and_a_broken_one_is_named(path: Path) -> None:
    connection = open_connection(path, writable=True)
    connection.execute("create table t (x)")
    connection.execute("create index by_x on t (x)")
    check_structure(connection)
    connection.execute("insert into t values (1)")
    # An index that lacks a row of its table.
    connection.execute("pragma writable_schema = on")
    connection.execute("update sqlite_schema set rootpage = 2 where name = 'by_x'")
    connection.close()
    broken = open_connection(path, writable=True)
    with pytest.raises(SqliteError) as caught:
        check_structure(broken)
    assert isinstance(caught.value, Damaged) or "malformed" in str(caught.value)
    broken.close()

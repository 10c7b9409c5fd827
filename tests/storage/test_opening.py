import os
import sys
from pathlib import Path

import pytest

from routerd.storage import opening
from routerd.storage.database import Connection, open_connection
from routerd.storage.database_files import StorageRefused, ended_badly, suspect
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with 30 answered requests, closed."""
    found = tmp_path / "home" / "state.db"
    connection, notice = open_state(found)
    assert notice == ""
    with connection:
        for number in range(30):
            identity = f"d{number}"
            vector = past_tasks.embedding(number)
            answered = Answered(
                past_tasks.decision(identity, vector), past_tasks.outcome(identity), {}, 1.0
            )
            record(connection, answered, embedder="", max_memories=100)
    connection.close()
    return found


def requests(connection: Connection) -> int:
    found: int = connection.execute("select requests from totals").get
    connection.close()
    return found


def set_aside(path: Path) -> list[str]:
    return sorted(found.name for found in path.parent.glob("state.db.corrupt-*"))


def test_a_sound_file_is_opened_as_it_is(path: Path) -> None:
    connection, notice = open_state(path)
    assert (requests(connection), notice, set_aside(path)) == (30, "", [])


def test_a_zero_length_wal_does_no_harm(path: Path) -> None:
    path.with_name("state.db-wal").touch()
    connection, notice = open_state(path)
    assert (requests(connection), notice) == (30, "")


def test_a_corrupt_page_is_set_aside_and_said_out_loud(path: Path) -> None:
    before = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(3 * PAGE)
        file.write(os.urandom(PAGE))
    damaged = path.read_bytes()
    connection, notice = open_state(path)
    assert requests(connection) == 0
    (kept,) = set_aside(path)
    assert "was damaged" in notice
    assert kept in notice
    assert len(path.with_name(kept).read_bytes()) == len(before)
    # Opening it may have touched the header (journal mode), nothing else.
    assert path.with_name(kept).read_bytes()[PAGE:] == damaged[PAGE:]


def spoil(path: Path) -> None:
    """Break a page that opening the file does not need."""
    connection = open_connection(path, writable=False)
    page = connection.execute("select max(pageno) from dbstat where name = 'outcomes'").get
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)


def test_a_large_file_is_walked_only_when_there_is_doubt(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "WALKED_BYTES", 0)
    spoil(path)
    connection, notice = open_state(path)
    assert (requests(connection), notice) == (30, "")
    suspect(path)
    connection, notice = open_state(path)
    assert requests(connection) == 0
    assert "was damaged" in notice
    assert not ended_badly(path)


def test_a_large_file_that_is_cut_short_is_always_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "WALKED_BYTES", 0)
    os.truncate(path, path.stat().st_size - PAGE)
    connection, notice = open_state(path)
    assert requests(connection) == 0
    assert "was damaged" in notice


def test_a_sound_file_under_suspicion_is_acquitted(path: Path) -> None:
    suspect(path)
    connection, notice = open_state(path)
    assert (requests(connection), notice) == (30, "")
    assert not ended_badly(path)


@pytest.mark.parametrize("left", [1, 100, PAGE, PAGE + 17, 5 * PAGE])
def test_a_truncated_file_is_set_aside(path: Path, left: int) -> None:
    os.truncate(path, left)
    connection, notice = open_state(path)
    assert requests(connection) == 0
    assert "a fresh history was started" in notice
    assert len(set_aside(path)) == 1


def test_a_file_truncated_to_nothing_starts_afresh(path: Path) -> None:
    os.truncate(path, 0)
    connection, notice = open_state(path)
    assert (requests(connection), notice) == (0, "")


def test_a_file_that_is_no_database_is_set_aside(path: Path) -> None:
    path.write_text("not a database, and longer than a header " * 100, encoding="utf-8")
    connection, notice = open_state(path)
    assert requests(connection) == 0
    assert "was damaged" in notice


def test_the_file_of_a_newer_routerd_is_set_aside_unharmed(path: Path) -> None:
    newer = open_connection(path, writable=True)
    newer.pragma("user_version", 99)
    newer.close()
    connection, notice = open_state(path)
    assert requests(connection) == 0
    assert "newer routerd (schema 99" in notice
    kept = open_connection(path.with_name(set_aside(path)[0]), writable=False)
    assert requests(kept) == 30


def test_the_file_of_another_program_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.db"
    path.parent.mkdir()
    path.touch()
    foreign = open_connection(path, writable=True)
    foreign.execute("create table bookmarks (url)")
    foreign.close()
    connection, notice = open_state(path)
    assert requests(connection) == 0
    assert "another program" in notice


def test_one_flipped_byte_in_any_page_never_keeps_routerd_from_starting(path: Path) -> None:
    sound = path.read_bytes()
    for start in range(0, len(sound), 2 * PAGE):
        flipped = bytearray(sound)
        flipped[start] ^= 0xFF
        path.write_bytes(flipped)
        connection, _ = open_state(path)
        assert requests(connection) in (0, 30)
        for name in set_aside(path):
            path.with_name(name).unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_symbolic_link_is_refused(path: Path) -> None:
    path.rename(path.with_name("elsewhere.db"))
    path.symlink_to("elsewhere.db")
    with pytest.raises(StorageRefused):
        open_state(path)

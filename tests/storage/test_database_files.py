import os
import stat
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from routerd.storage.database import open_connection
from routerd.storage.database_files import (
    MAX_SET_ASIDE,
    StorageRefused,
    acquit,
    claim,
    ended_badly,
    set_aside,
    suspect,
)
from tests.fakes.other_user import give_away

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps access in ACLs")
NOON = datetime(2026, 11, 24, 12, 0, 0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=["open", "usual", "closed"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@posix
def test_file_and_side_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "home" / "state.db"
    path.parent.mkdir(mode=0o700)
    path.parent.chmod(0o700)
    claim(path)
    connection = open_connection(path, writable=True)
    connection.execute("create table t (x)")
    modes = {found.name: mode(found) for found in path.parent.iterdir()}
    connection.close()
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


@posix
def test_the_directory_is_made_private_under_an_open_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        claim(tmp_path / "home" / "state.db")
    finally:
        os.umask(before)
    assert mode(tmp_path / "home") == 0o700


@posix
def test_modes_that_are_too_wide_are_narrowed(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.db"
    claim(path)
    path.parent.chmod(0o755)
    path.chmod(0o644)
    claim(path)
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)


@posix
@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "state.db-shm"])
@pytest.mark.parametrize("dangling", [True, False])
def test_a_symbolic_link_is_refused_and_its_target_untouched(
    tmp_path: Path, name: str, dangling: bool
) -> None:
    target = tmp_path / "target"
    if not dangling:
        target.write_text("mine", encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    (home / name).symlink_to(target)
    with pytest.raises(StorageRefused, match="a symbolic link"):
        claim(home / "state.db")
    assert not target.exists() if dangling else target.read_text(encoding="utf-8") == "mine"


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home" / "state.db").mkdir(parents=True)
    with pytest.raises(StorageRefused, match="not a plain file"):
        claim(tmp_path / "home" / "state.db")


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(StorageRefused, match="not a directory"):
        claim(tmp_path / "home" / "state.db")


@posix
@pytest.mark.parametrize("what", ["home", "home/state.db", "home/state.db-wal"])
def test_what_belongs_to_another_user_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "home" / "state.db"
    claim(path)
    path.with_name("state.db-wal").touch()
    give_away(tmp_path / what)
    with pytest.raises(StorageRefused, match="belongs to user 12345"):
        claim(path)


def test_setting_aside_keeps_all_three_files_together(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).write_text(suffix or "db", encoding="utf-8")
    kept = set_aside(path, NOON)
    assert kept.name == "state.db.corrupt-20261124T120000"
    assert {found.name: found.read_text(encoding="utf-8") for found in tmp_path.iterdir()} == {
        kept.name: "db",
        f"{kept.name}-wal": "-wal",
        f"{kept.name}-shm": "-shm",
    }


def test_a_database_is_in_doubt_while_its_log_is_unfolded_or_it_is_suspect(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.db"
    claim(path)
    assert not ended_badly(path)
    path.with_name("state.db-wal").touch()
    assert not ended_badly(path)
    path.with_name("state.db-wal").write_text("frames", encoding="utf-8")
    assert ended_badly(path)
    path.with_name("state.db-wal").unlink()
    suspect(path)
    assert ended_badly(path)
    acquit(path)
    assert not ended_badly(path)


def test_what_was_set_aside_before_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    names = []
    for number in range(3):
        path.write_text(str(number), encoding="utf-8")
        names.append(set_aside(path, NOON).name)
    assert len(set(names)) == 3
    assert sorted(found.read_text(encoding="utf-8") for found in tmp_path.iterdir()) == list("012")


def test_a_failing_disk_does_not_fill_up_with_set_aside_files(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for _ in range(MAX_SET_ASIDE):
        path.touch()
        set_aside(path, NOON)
    path.touch()
    with pytest.raises(FileExistsError, match="look after the disk"):
        set_aside(path, NOON)
    assert path.exists()

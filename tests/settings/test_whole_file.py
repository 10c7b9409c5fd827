"""A file that is being saved is never read in halves."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from routerd.core.errors import ConfigInvalid
from routerd.settings import whole_file

LONG_AGO = 1_700_000_000


@contextmanager
def later(*steps: object) -> Iterator[None]:
    """Run the steps in another thread, as an editor would, while the reader looks."""
    thread = threading.Thread(target=lambda: [step() for step in steps])  # type: ignore[operator]
    thread.start()
    yield
    thread.join()


def test_a_file_that_nobody_touches_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("\ufeffone", encoding="utf-8")
    os.utime(path, (LONG_AGO, LONG_AGO))
    slept: list[float] = []
    assert whole_file.read(path, check=lambda found: slept.append(found.st_mtime)) == "one"
    assert slept == [LONG_AGO], "one look"


def test_a_file_that_was_emptied_to_be_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("old", encoding="utf-8")
    emptied = threading.Event()

    def save() -> None:
        with path.open("w", encoding="utf-8") as file:
            emptied.set()
            time.sleep(whole_file.SETTLE_S / 2)  # an editor that takes its time
            file.write("new and whole")

    with later(save):
        assert emptied.wait(10)
        assert whole_file.read(path) == "new and whole"


def test_a_file_that_was_moved_away_to_be_written_is_looked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    looked = threading.Event()

    def save() -> None:
        looked.wait(10)
        path.write_text("new", encoding="utf-8")

    with later(save):
        looked.set()
        assert whole_file.read(path, before="old") == "new"


def test_a_file_that_is_gone_is_gone(tmp_path: Path) -> None:
    for before in (None, "", "old"):
        with pytest.raises(FileNotFoundError):
            whole_file.read(tmp_path / "policy.toml", before=before)


def test_a_file_that_lost_most_of_its_text_is_believed_once_it_is_a_second_old(
    tmp_path: Path,
) -> None:
    path = tmp_path / "policy.toml"
    path.touch()
    looks: list[float] = []
    began_s = time.time()
    assert whole_file.read(path, before="x" * 100, check=lambda f: looks.append(f.st_mtime)) == ""
    assert time.time() - looks[0] > whole_file.YOUNG_S
    assert len(looks) > 2
    assert began_s - looks[0] < whole_file.YOUNG_S, "it was young when it was looked at first"


def test_a_file_that_never_settles_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("0", encoding="utf-8")
    looks = iter(range(100))

    def rewritten(_: os.stat_result) -> None:
        path.write_text(str(next(looks)), encoding="utf-8")

    with pytest.raises(ConfigInvalid, match="written again and again"):
        whole_file.read(path, check=rewritten)

"""The files of the log."""

import os
from pathlib import Path

import pytest

from routerd.audit import files
from routerd.audit.chain import Head


def test_rotated_files_come_first_in_the_order_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    for name in ("audit.log", "audit-000000000011.log", "audit-000000000002.log", "audit-x.log"):
        (tmp_path / name).write_text(name + "\n", encoding="utf-8")
    assert [p.name for p in files.all_files(path)] == [
        "audit-000000000002.log",
        "audit-000000000011.log",
        "audit.log",
    ]
    assert files.rotated_name(path, 7).name == "audit-000000000007.log"


def test_only_whole_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_text("one\ntwo\nthr", encoding="utf-8")
    assert [(number, text) for _, number, text in files.lines(path)] == [(1, "one\n"), (2, "two\n")]


def test_the_head_is_private_and_senseless_ones_count_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    assert files.read_head(path) is None
    files.write_head(path, Head(3, "ab"))
    assert files.read_head(path) == Head(3, "ab")
    assert files.head_path(path).stat().st_mode & 0o077 == 0
    files.head_path(path).write_text("{", encoding="ascii")
    assert files.read_head(path) is None


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "audit.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"symbolic|Too many"):
        files.open_private(tmp_path / "audit.log", os.O_RDWR)

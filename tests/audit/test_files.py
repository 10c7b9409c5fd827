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


def test_the_head_is_written_over_in_place_so_that_a_power_cut_never_leaves_it_empty(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.log"
    files.write_head(path, Head(1_000_000, "f" * 64))
    before = files.head_path(path).stat()
    files.write_head(path, Head(2, "0" * 64))
    after = files.head_path(path).stat()
    assert (before.st_ino, before.st_size) == (after.st_ino, after.st_size)
    assert files.read_head(path) == Head(2, "0" * 64)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("", []),
        ("half", []),
        ("a\n", ["a"]),
        ("a\nbb\ncc", ["bb", "a"]),
        ("\n\nx\n", ["x", "", ""]),
    ],
)
def test_lines_are_read_from_the_end(tmp_path: Path, text: str, last: list[str]) -> None:
    path = tmp_path / "audit.log"
    path.write_text(text, encoding="ascii")
    assert list(files.backwards(path)) == last


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_where_a_block_ends_makes_no_difference(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BLOCK_BYTES", block)
    path = tmp_path / "audit.log"
    path.write_text("one\n\nthree\nfour and more\nhalf", encoding="ascii")
    assert list(files.backwards(path)) == ["four and more", "three", "", "one"]


def test_what_a_power_cut_kept_off_the_disk_ends_what_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    for data, sound in (
        (b"", 0),
        (b"one\n", 4),
        (b"one\ntw", 4),
        (b"one\ntw\0\0\0\0\nfour\n", 4),
        (b"\0\0\0\n", 0),
    ):
        path.write_bytes(data)
        assert files.sound_bytes(path) == sound

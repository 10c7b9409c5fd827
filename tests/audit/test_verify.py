"""Every change to the log shows: in a line, by a line less, a line more, or another order."""

from collections.abc import Callable
from os import remove
from pathlib import Path
from shutil import copyfile as copy

import pytest

from routerd.audit import files
from routerd.audit.log import AuditLog
from routerd.audit.verify import verify

pytestmark = pytest.mark.anyio
LINES = 12


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log:
        for number in range(LINES):
            log.put("answered", {"number": number, "model": "ollama/qwen"})
    return path


def edit(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    lines = path.read_text("ascii").splitlines(keepends=True)
    path.write_text("".join(change(lines)), encoding="ascii")


async def test_an_untouched_log_holds(path: Path) -> None:
    found = verify(path)
    assert (found.holds, found.entries, found.head.seq) == (True, LINES, LINES)
    assert verify(path, found.head.hash).holds
    assert "no entry has the hash" in verify(path, "00").breaks[0].what


@pytest.mark.parametrize("at", range(LINES))
async def test_any_changed_line_is_found(path: Path, at: int) -> None:
    edit(path, lambda ls: [*ls[:at], ls[at].replace("qwen", "gpt5"), *ls[at + 1 :]])
    assert any(
        f"entry {at + 1} was changed" in b.what and b.line == at + 1 for b in verify(path).breaks
    )


@pytest.mark.parametrize("at", range(LINES))
async def test_any_removed_line_is_found(path: Path, at: int) -> None:
    edit(path, lambda ls: ls[:at] + ls[at + 1 :])
    assert any(f"{at + 1}" in b.what and "removed" in b.what for b in verify(path).breaks)


@pytest.mark.parametrize("at", range(LINES - 1))
async def test_any_two_lines_that_changed_places_are_found(path: Path, at: int) -> None:
    edit(path, lambda ls: [*ls[:at], ls[at + 1], ls[at], *ls[at + 2 :]])
    assert not verify(path).holds


async def test_a_repeated_line_and_one_that_is_no_entry_are_found(path: Path) -> None:
    edit(path, lambda ls: [*ls[:3], ls[2], "nonsense\n", *ls[3:]])
    told = [b.what for b in verify(path).breaks]
    assert any("moved or repeated" in what for what in told)
    assert any("is no JSON" in what for what in told)


async def test_a_chain_made_anew_is_found_by_the_head_and_a_missing_head_is_told(
    path: Path,
) -> None:
    forged = path.parent / "forged" / "audit.log"
    forged.parent.mkdir()
    async with AuditLog(forged) as log:
        for number in range(LINES):
            log.put("answered", {"number": number, "model": "forged"})
    copy(forged, path)
    assert any("is another than was written" in b.what for b in verify(path).breaks)
    remove(files.head_path(path))
    assert "audit.head is missing" in verify(path).breaks[0].what


async def test_a_whole_file_taken_away_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path, max_bytes=600) as log:
        for number in range(20):
            assert await log.written("n", {"number": number})
    files.all_files(path)[2].unlink()
    assert any("were removed" in b.what for b in verify(path).breaks)
    files.all_files(path)[0].unlink()
    assert any("entries 1 to" in b.what for b in verify(path).breaks)


async def test_no_log_at_all_holds(tmp_path: Path) -> None:
    assert verify(tmp_path / "audit.log").entries == 0
    assert verify(tmp_path / "audit.log").holds

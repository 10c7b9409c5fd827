"""Appending: durable, private, in order, across rotation, restarts and full disks."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from routerd.audit import chain, files
from routerd.audit.log import MOST_WAITING, AuditLog
from routerd.audit.verify import verify

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]


def kinds(path: Path) -> list[str]:
    return [chain.read(text)["kind"] for _, _, text in files.lines(path)]


async def test_entries_are_on_disk_once_acknowledged_and_only_for_this_user(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log:
        log.put("one", {"n": 1})
        assert await log.written("two", {"n": 2})
        assert kinds(path) == ["one", "two"]
        assert path.stat().st_mode & 0o077 == 0
    assert verify(path).holds


async def test_a_restart_goes_on_with_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    for kind in ("first", "second", "third"):
        async with AuditLog(path) as log:
            log.put(kind, {})
    assert kinds(path) == ["first", "second", "third"]
    assert verify(path).holds


async def test_full_files_are_moved_aside_and_the_chain_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path, max_bytes=1000) as log:
        for number in range(30):
            assert await log.written("n", {"number": number})
    async with AuditLog(path, max_bytes=1000) as log:
        log.put("last", {})
    found = verify(path)
    assert found.holds, found.breaks
    assert found.entries == 31
    assert found.files > 5
    assert all(file.stat().st_mode & 0o077 == 0 for file in files.all_files(path))


async def test_many_at_once_keep_their_order_with_few_commits(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log, anyio.create_task_group() as group:
        for number in range(200):
            group.start_soon(log.written, f"k{number}", {})
    assert kinds(path) == [f"k{number}" for number in range(200)]
    assert verify(path).holds


async def test_half_a_line_left_by_a_power_cut_is_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log:
        log.put("whole", {})
    with path.open("a", encoding="ascii") as file:
        file.write('{"at":"2026')
    async with AuditLog(path) as log:
        log.put("next", {})
    assert kinds(path) == ["whole", "next"]
    assert verify(path).holds


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
async def test_a_full_disk_is_told_and_what_waits_is_written_later(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log:
        full = os.open("/dev/full", os.O_WRONLY)
        kept, log._file = log._file, full
        assert not await log.written("one", {})
        assert "can't be written" in log.fault
        os.close(full)
        log._file = kept
        assert await log.written("two", {})
        assert log.fault == ""
    assert kinds(path) == ["one", "two"]
    assert verify(path).holds


async def test_a_log_that_can_not_be_opened_refuses_and_counts(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.symlink_to(tmp_path / "elsewhere")
    async with AuditLog(path) as log:
        assert not await log.written("one", {})
        assert "can't be opened" in log.fault
        for _ in range(MOST_WAITING):
            log.put("more", {})
        assert log.refused == 1
    assert not (tmp_path / "elsewhere").exists()


async def test_a_log_never_entered_writes_nothing(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.log")
    log.put("one", {})
    assert not await log.written("two", {})
    assert files.all_files(tmp_path / "audit.log") == []
    async with log:
        pass
    assert kinds(tmp_path / "audit.log") == ["one", "two"]


def killed(path: Path, first: int, entries: int) -> int:
    """Let another process write until it has acknowledged so many, kill it, return the last."""
    command = [sys.executable, "-m", "tests.fakes.audit_process", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        last = first - 1
        for _ in range(entries):
            last = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
    return int(rest[-1]) if rest else last


def survives(path: Path, kills: int) -> None:
    """Kill a writer again and again: every acknowledged entry is there and the chain holds."""
    acknowledged: set[int] = set()
    following = 0
    for kill in range(kills):
        last = killed(path, following, 3 + kill % 20)
        acknowledged |= set(range(following, last + 1))
        following = last + 100
    kept = {chain.read(text)["number"] for _, _, text in files.lines(path)}
    assert acknowledged <= kept
    found = verify(path)
    assert found.holds, found.breaks
    assert found.files > 1 or kills < 10


def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    survives(tmp_path / "audit.log", 4)


@pytest.mark.slow
def test_no_acknowledged_entry_is_lost_in_two_hundred_kills(tmp_path: Path) -> None:
    survives(tmp_path / "audit.log", 200)

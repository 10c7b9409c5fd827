"""Appending: durable, private, in order, across rotation, restarts and full disks."""

import os
import random
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from routerd.audit import chain, files
from routerd.audit import log as log_module
from routerd.audit.chain import Head
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


async def test_after_every_power_cut_what_was_acknowledged_is_there_and_the_chain_holds(
    tmp_path: Path,
) -> None:
    """What is not fsynced may be there in part, or as NUL where a block never reached the disk."""
    rng = random.Random(5)  # the same cuts every time
    for cut in range(60):
        path = tmp_path / str(cut) / "audit.log"
        path.parent.mkdir()
        async with AuditLog(path) as log:
            acknowledged = rng.randrange(4)
            for number in range(acknowledged):
                assert await log.written("kept", {"number": number, "pad": "x" * 300})
            safe, head = path.stat().st_size, files.head_path(path).read_bytes()
            for number in range(rng.randrange(1, 30)):
                log.put("cut", {"number": number, "pad": "y" * 300})
        lost = bytearray(path.read_bytes()[: rng.randrange(safe, path.stat().st_size + 1)])
        for block in range(safe, len(lost), 512):
            if rng.random() < 0.3:
                lost[block : block + 512] = bytes(len(lost[block : block + 512]))
        path.write_bytes(lost)
        if rng.random() < 0.7:
            files.head_path(path).write_bytes(head)
        else:
            files.write_head(path, _head_of(path))
        async with AuditLog(path) as log:
            assert await log.written("after", {})
        found = verify(path)
        assert found.holds, (cut, found.breaks)
        assert kinds(path)[:acknowledged] == ["kept"] * acknowledged
        assert kinds(path)[-1] == "after"


def _head_of(path: Path) -> Head:
    """Return the head as far as the lines are sound: it was written after they were fsynced."""
    whole = path.read_bytes()[: files.sound_bytes(path)].decode("ascii").splitlines()
    entry = chain.read(whole[-1]) if whole else {"seq": 0, "hash": Head().hash}
    return Head(entry["seq"], entry["hash"])


async def test_entries_removed_from_the_end_still_show_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log:
        for number in range(10):
            log.put("n", {"number": number})
    kept = path.read_text("ascii").splitlines(keepends=True)[:6]
    path.write_text("".join(kept), encoding="ascii")
    async with AuditLog(path) as log:
        assert await log.written("after", {})
    (found,) = verify(path).breaks
    assert found.what == "entries 7 to 10 were removed"


async def test_a_start_reads_the_ends_of_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path, max_bytes=600) as log:
        for number in range(12):
            assert await log.written("n", {"number": number})
    path.unlink()  # a stop in the middle of a rotation: the file in use is not there yet
    oldest, *_, newest = files.all_files(path)
    before = len(newest.read_bytes())
    oldest.write_bytes(b"")
    async with AuditLog(path) as log:
        assert await log.written("after", {})
    assert len(newest.read_bytes()) == before
    after = chain.read(path.read_text("ascii"))
    assert after["seq"] == 13
    assert verify(path).breaks[0].what.startswith("entries 1 to")


async def test_a_log_that_fails_to_open_half_way_never_begins_a_second_chain(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.log"
    async with AuditLog(path) as log:
        assert await log.written("first", {})
    head = files.head_path(path)
    head.unlink()
    head.mkdir()
    async with AuditLog(path) as log:
        assert not await log.written("second", {})
        assert "can't be opened" in log.fault
        head.rmdir()
        assert await log.flush()
    assert kinds(path) == ["first", "second"]
    assert verify(path).holds


async def test_what_is_put_after_the_end_is_counted_and_raises_nothing(tmp_path: Path) -> None:
    async with AuditLog(tmp_path / "audit.log") as log:
        pass
    log.put("late", {})
    assert not await log.written("late", {})
    assert not await log.flush()
    assert log.refused == 2


async def test_a_log_in_trouble_looks_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "RETRY_S", 0.01)
    path = tmp_path / "audit.log"
    path.mkdir()
    async with AuditLog(path) as log:
        log.put("one", {})
        assert not await log.flush()
        path.rmdir()
        with anyio.fail_after(20):
            while log.fault:  # noqa: ASYNC110  # set by another thread
                await anyio.sleep(0.01)
        assert kinds(path) == ["one"]
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

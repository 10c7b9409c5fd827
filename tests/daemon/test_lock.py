"""One daemon per home, however the one before it ended."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from routerd.core.errors import AlreadyRunning, ConfigInvalid
from routerd.daemon.lock import InstanceLock

# Waits for a line, tries, says how it went, and holds on until stdin is closed.
HOLDER = """
import sys
from pathlib import Path
from routerd.core.errors import AlreadyRunning
from routerd.daemon.lock import InstanceLock
print("here", flush=True)
sys.stdin.readline()
try:
    with InstanceLock(Path(sys.argv[1])):
        print("won", flush=True)
        sys.stdin.read()
except AlreadyRunning:
    print("lost", flush=True)
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that is about to take the lock at `path`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert said(process) == "here"
        yield process
        process.kill()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_holder_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "daemon.lock")
    with lock, pytest.raises(AlreadyRunning) as refused:
        InstanceLock(tmp_path / "daemon.lock").__enter__()
    assert refused.value.pid == os.getpid()
    assert f"process {os.getpid()}, since 2" in refused.value.message
    assert str(tmp_path) in refused.value.message
    assert "`routerd down` stops it" in refused.value.message


def test_the_lock_can_be_taken_again_after_it_was_given_back(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "daemon.lock")
    for _ in range(2):
        with lock:
            assert json.loads((tmp_path / "daemon.lock").read_text("utf-8"))["pid"] == os.getpid()


def test_the_lock_is_given_back_when_the_daemon_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="oops"), InstanceLock(tmp_path / "daemon.lock"):
        raise ValueError("oops")
    with InstanceLock(tmp_path / "daemon.lock"):
        pass


def test_a_lock_never_taken_is_nothing_to_give_back(tmp_path: Path) -> None:
    InstanceLock(tmp_path / "daemon.lock").__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean nothing on Windows")
def test_the_file_is_the_users_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with InstanceLock(tmp_path / "daemon.lock"):
            assert (tmp_path / "daemon.lock").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_what_a_killed_daemon_left_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    with holder(path) as process:
        tell(process)
        assert said(process) == "won"
        with pytest.raises(AlreadyRunning) as refused:
            InstanceLock(path).__enter__()
        assert refused.value.pid == process.pid
        process.kill()
        process.wait(10)
        assert json.loads(path.read_text("utf-8"))["pid"] == process.pid
        with InstanceLock(path):
            assert json.loads(path.read_text("utf-8"))["pid"] == os.getpid()


def test_of_processes_that_race_exactly_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    with ExitStack() as stack:
        racers = [stack.enter_context(holder(path)) for _ in range(3)]
        for racer in racers:
            tell(racer)
        assert sorted(said(racer) for racer in racers) == ["lost", "lost", "won"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"pid": "x", "since": 0}',
        '{"pid": null, "since": null}',
        '{"pid": 5, "since": 1e300}',
        '{"pid": 5}',
        "\udcff",
    ],
)
def test_a_holder_that_has_not_said_who_it_is_is_another_process(tmp_path: Path, text: str) -> None:
    path = tmp_path / "daemon.lock"
    with InstanceLock(path):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(AlreadyRunning, match="another process holds its lock") as refused:
            InstanceLock(path).__enter__()
    assert refused.value.pid == 0


def test_the_text_of_an_earlier_holder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    path.write_text("x" * 1000, encoding="utf-8")
    with InstanceLock(path):
        holder = json.loads(path.read_text("utf-8"))
    assert holder["since"] == pytest.approx(time.time(), abs=60)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_a_lock_that_is_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigInvalid, match=r"daemon\.lock can't be opened"):
        InstanceLock(path).__enter__()
    assert not (tmp_path / "elsewhere").exists()

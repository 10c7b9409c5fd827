"""One tray per home."""

import subprocess
import sys
from pathlib import Path

import pytest

from tray.lock import AlreadyShown, TrayLock

HOLDER = """
import sys
from pathlib import Path
from tray.lock import TrayLock
TrayLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_is_named_and_its_end_frees_the_lock(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AlreadyShown) as refused:
            TrayLock(home).acquire()
        assert refused.value.pid == other.pid
        other.kill()
        other.wait(20)
        TrayLock(home).acquire()


def test_each_home_has_its_own_and_a_lock_given_up_can_be_taken(tmp_path: Path) -> None:
    first, second = TrayLock(tmp_path / "a"), TrayLock(tmp_path / "b")
    first.acquire()
    second.acquire()
    with pytest.raises(AlreadyShown):
        TrayLock(tmp_path / "a").acquire()
    first.release()
    TrayLock(tmp_path / "a").acquire()

"""One tray per home: a lock that the operating system takes back when its process ends."""

import os
import sys
from pathlib import Path


class AlreadyShown(Exception):
    """Another tray holds the lock of this home; `pid` is its process, 0 where it did not say."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"routerd's icon is shown already (process {pid or 'unknown'}).")
        self.pid = pid


class TrayLock:
    """Held from `acquire` until the process ends, or `release`."""

    def __init__(self, home: Path) -> None:
        self._path = home / "run" / "tray.lock"
        self._fd = -1

    def acquire(self) -> None:
        """Take the lock and write this process's number into it. Raises: AlreadyShown, OSError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        fd = os.open(self._path, flags, 0o600)
        try:
            _lock(fd)
        except OSError:
            pid = os.read(fd, 20).decode("ascii", "replace").strip()
            os.close(fd)
            raise AlreadyShown(int(pid) if pid.isdigit() else 0) from None
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd

    def release(self) -> None:
        """Give it up."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        # Beyond the number, which others must be able to read.
        os.lseek(fd, 4096, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        os.lseek(fd, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

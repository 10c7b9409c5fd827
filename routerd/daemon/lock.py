"""One daemon per home: a lock held for life on an open file, freed by the OS however it ends."""

import contextlib
import errno
import json
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from routerd.core.errors import AlreadyRunning, ConfigInvalid

if sys.platform == "win32":
    import msvcrt

    # Windows' locks bar others from reading, too; this byte lies far behind the text.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(file: IO[str]) -> None:
        os.lseek(file.fileno(), _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            # The text layer above does not know that the position moved.
            os.lseek(file.fileno(), 0, os.SEEK_SET)
else:
    import fcntl

    def _try_lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class InstanceLock:
    """Holds the lock between enter and exit.

    The file is never removed: removing a locked file lets a second daemon lock its successor. Its
    text is only for people; the lock is what counts, so a file left by kill -9 is no obstacle.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> "InstanceLock":
        """Take the lock. Raises: AlreadyRunning, naming who holds it; ConfigInvalid."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            opened = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise ConfigInvalid(
                f"{self._path} can't be opened: {error.strerror}. {_advice(error)}"
            ) from error
        file = os.fdopen(opened, "r+", encoding="utf-8")
        try:
            _try_lock(file)
        except OSError:
            pid, since = _holder(file)
            file.close()
            raise AlreadyRunning(
                f"routerd already runs for {self._path.parent}: {since}. `routerd down` stops it.",
                pid,
            ) from None
        self._file = file
        holder = json.dumps({"pid": os.getpid(), "since": time.time()}).encode("ascii")
        with contextlib.suppress(OSError):  # a full disk; the text is only for people
            os.truncate(file.fileno(), 0)
            os.write(file.fileno(), holder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()


def _advice(error: OSError) -> str:
    if error.errno in (errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT):
        return "routerd must be able to write to its home; set ROUTERD_HOME to where it may."
    return "Move it away and start again."


def _holder(file: IO[str]) -> tuple[int, str]:
    """Return (process id, who and since when); 0 where the file doesn't tell (not written yet)."""
    try:
        file.seek(0)
        holder = json.load(file)
        pid, since_s = int(holder["pid"]), float(holder["since"])
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since_s))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return 0, "another process holds its lock"
    return pid, f"process {pid}, since {since}"

"""One daemon per home: a lock held for life on an open file, freed by the OS however it ends."""

import json
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from routerd.core.errors import AlreadyRunning

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
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
        """Take the lock. Raises: AlreadyRunning, naming who holds it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = os.fdopen(os.open(self._path, flags, 0o600), "r+", encoding="utf-8")
        try:
            _try_lock(file)
        except OSError:
            holder = _read(file)
            file.close()
            pid = int(holder.get("pid", 0))
            since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.get("since", 0)))
            raise AlreadyRunning(
                f"routerd already runs for {self._path.parent}: process {pid}, since {since}. "
                "`routerd down` stops it.",
                pid,
            ) from None
        file.seek(0)
        file.truncate()
        json.dump({"pid": os.getpid(), "since": time.time()}, file)
        file.flush()
        self._file = file
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


def _read(file: IO[str]) -> dict[str, float]:
    try:
        file.seek(0)
        holder = json.load(file)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}

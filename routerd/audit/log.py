"""Appends to the log: a thread of its own writes what has gathered, with one fsync for all."""

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import Any, Self

from routerd.audit import chain, files
from routerd.audit.chain import Head

_log = logging.getLogger(__name__)
MAX_BYTES = 16 << 20
# Entries kept in memory while the disk is full; beyond that the newest are refused and counted.
MOST_WAITING = 10_000
RETRY_S = 2.0


def utc_now() -> str:
    """Return the time as ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class AuditLog:
    """Implements `core.ports.AuditSink`; an async context manager that opens and closes it.

    What is put before it is entered waits: a process that never enters it writes nothing, so that
    there is never a second writer beside the daemon.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = MAX_BYTES, clock: Callable[[], str] = utc_now
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._waiting: deque[tuple[str, str, Mapping[str, Any]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._entered = False
        self._open_for_more = True
        self._timer: Timer | None = None
        self._file = -1
        self._size = 0
        self._first_seq = 1
        self._head = Head()
        self.fault = ""
        self.refused = 0

    async def __aenter__(self) -> Self:
        """Open the log and go on with its chain; a log that can't be opened is a fault, told."""
        self._entered = True
        await asyncio.wrap_future(self._thread.submit(self._try_open))
        return self

    async def __aexit__(self, *ended: object) -> None:
        """Write what waits and close; what is put later is refused."""
        self._open_for_more = False
        if self._timer is not None:
            self._timer.cancel()
        self._thread.submit(self._flush)
        self._thread.submit(self._close)
        self._thread.shutdown(wait=True)

    async def written(self, kind: str, facts: Mapping[str, Any]) -> bool:
        """See `core.ports.AuditSink.written`."""
        return self._gather(kind, facts) and await self.flush()

    def flush(self) -> Awaitable[bool]:
        """Begin to write what waits; gives True once all of it is on disk, False where it can't be."""
        if not self._open_for_more:
            refused = asyncio.get_running_loop().create_future()
            refused.set_result(False)
            return refused
        return asyncio.wrap_future(self._thread.submit(self._flush))

    def put(self, kind: str, facts: Mapping[str, Any]) -> None:
        """See `core.ports.AuditSink.put`."""
        if self._gather(kind, facts):
            self._thread.submit(self._flush)

    def _gather(self, kind: str, facts: Mapping[str, Any]) -> bool:
        if not self._open_for_more or len(self._waiting) >= MOST_WAITING:
            self.refused += 1
            return False
        self._waiting.append((self._clock(), kind, facts))
        return True

    def _flush(self) -> bool:
        """Write all that waits; False where it is not on disk. Runs on the log's thread."""
        if not self._entered:
            return False
        if not self._waiting and not self.fault:
            return True
        if self._file < 0 and not self._try_open():
            self._try_again()
            return False
        count = len(self._waiting)
        batch = [self._waiting[place] for place in range(count)]
        text, head = [], self._head
        for at, kind, facts in batch:
            line, head = chain.line(head, at, kind, facts)
            text.append(line)
        data = "".join(text).encode("ascii")
        try:
            self._append(data)
        except OSError as error:
            self._note(f"the audit log can't be written: {error.strerror}")
            self._try_again()
            return False
        for _ in range(count):
            self._waiting.popleft()
        self._head, self._size, self.fault = head, self._size + len(data), ""
        self._after_commit()
        return True

    def _try_again(self) -> None:
        """Look again in a while, also where nobody puts anything more."""
        if self._open_for_more and (self._timer is None or not self._timer.is_alive()):
            self._timer = Timer(RETRY_S, self._flush_again)
            self._timer.daemon = True
            self._timer.start()

    def _flush_again(self) -> None:
        with contextlib.suppress(RuntimeError):  # closed meanwhile, after a last flush
            self._thread.submit(self._flush)

    def _append(self, data: bytes) -> None:
        """Write and fsync; a half-written batch is cut away again."""
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise

    def _after_commit(self) -> None:
        try:
            files.write_head(self._path, self._head)
            if self._size >= self._max_bytes:
                self._rotate()
        except OSError as error:
            # The entries themselves are safe; the next commit tries again.
            self._note(f"the audit log can't be rotated: {error.strerror}")

    def _rotate(self) -> None:
        """Move the full file aside; the next one's first entry names its hash as `prev`."""
        os.close(self._file)
        self._file = -1
        self._path.replace(files.rotated_name(self._path, self._first_seq))
        self._open()

    def _try_open(self) -> bool:
        try:
            self._open()
        except OSError as error:
            # Half opened it would begin a second chain at 1.
            self._close()
            self._note(f"the audit log {self._path} can't be opened: {error.strerror}")
            return False
        return True

    def _open(self) -> None:
        self._file = files.open_private(self._path, os.O_RDWR | os.O_APPEND)
        self._size = files.sound_bytes(self._path)
        torn = os.fstat(self._file).st_size - self._size
        if torn:
            # A power cut before they were fsynced: they were never acknowledged.
            os.ftruncate(self._file, self._size)
            _log.warning("%d bytes of an unfinished audit entry were dropped", torn)
        self._head, self._first_seq = _last(self._path)
        files.write_head(self._path, self._head)
        files.sync_names(self._path)

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _note(self, fault: str) -> None:
        if fault != self.fault:
            _log.error("%s", fault)
        self.fault = fault


def _last(path: Path) -> tuple[Head, int]:
    """Return the head of the chain and the first number in the file in use.

    Only the ends of files are read, for a log may be years long. Where entries are missing from
    the end the chain goes on behind what the head file says, so that `audit verify` shows the gap.
    """
    head = files.read_head(path) or Head()
    for file in reversed(files.all_files(path)):
        if last := next(_entries(files.backwards(file)), None):
            head = max(head, last, key=lambda one: one.seq)
            break
    with path.open(encoding="utf-8", errors="replace", newline="\n") as text:
        first = next(_entries(text), None)
    return head, first.seq if first else head.seq + 1


def _entries(lines: Iterable[str]) -> Iterator[Head]:
    """Yield number and hash of each line that is an entry."""
    for line in lines:
        try:
            entry = chain.read(line)
        except chain.Unreadable:
            continue
        yield Head(entry["seq"], entry["hash"])

"""The only thread that writes `state.db`, in few large transactions; it never blocks its callers.

It knows no table: what it writes comes as functions of a connection.
"""

import logging
import math
import time
from collections import deque
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

import anyio

from routerd.storage.committer import Committer, Write
from routerd.storage.promise import Promise

_log = logging.getLogger(__name__)

MAX_BACKLOG = 2000
MAX_BATCH = 256
RETRY_S = 2.0


class Writer:
    """Group commit: whatever arrived during the last commit goes into the next one.

    While the disk is full or the file locked, up to `max_backlog` rows wait and are tried again
    every `retry_s`; rows beyond that are refused and counted.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_backlog: int = MAX_BACKLOG,
        max_batch: int = MAX_BATCH,
        retry_s: float = RETRY_S,
    ) -> None:
        self._max_backlog = max_backlog
        self._max_batch = max_batch
        self._retry_s = retry_s
        self._queue: SimpleQueue[Write | Promise[bool] | None] = SimpleQueue()
        self._backlog: deque[Write] = deque()
        self._committer = Committer(path)
        self._thread: Thread | None = None
        self._refused = 0

    @property
    def ready(self) -> bool:
        """Whether the file has been opened, so that readers may open it too."""
        return self._committer.ready

    @property
    def notice(self) -> str:
        """What became of the old file at opening; "" when there is nothing to tell."""
        return self._committer.notice

    @property
    def health(self) -> str:
        """Why history isn't being written, and how much waits; "" when all is well."""
        if not self._committer.trouble:
            return ""
        waiting = len(self._backlog) + self._queue.qsize()
        lost = f", {self._refused} lost" if self._refused else ""
        return (
            f"history is not being written: {self._committer.trouble} ({waiting} rows wait{lost})"
        )

    async def start(self) -> None:
        """Start the thread and wait for the first attempt to open the file.

        A full disk or a locked file is no error here: see `health`.
        Raises: StorageRefused when the file can't be trusted.
        """
        opened: Promise[None] = Promise()
        self._thread = Thread(target=self._run, args=(opened,), name="sqlite-writer", daemon=True)
        self._thread.start()
        await opened.result()

    def put(self, write: Write) -> None:
        """Queue a row; never blocks, never raises, and may be called from any thread."""
        if self._queue.qsize() + len(self._backlog) < self._max_backlog:
            self._queue.put(write)
        else:
            self._refused += 1

    async def flush(self) -> bool:
        """Return True once everything queued before is committed.

        False if that failed for now, or if rows queued before were refused: those are lost.
        """
        if self._thread is None:
            return False
        done: Promise[bool] = Promise()
        self._queue.put(done)
        return await done.result()

    def suspect(self) -> None:
        """Have the next start walk the whole file, because a reader met damage in it."""
        self._committer.suspect()

    async def aclose(self) -> None:
        """Commit what waits, fold the write-ahead log into the file, close it, end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await anyio.to_thread.run_sync(thread.join)

    def _run(self, opened: Promise[None]) -> None:
        try:
            self._committer.open()
        except Exception as error:  # noqa: BLE001  # handed to `start`
            opened.fail(error)
            return
        opened.keep(None)
        stopping = False
        while not stopping:
            asked, stopping = self._take()
            refused = self._refused
            try:
                done = self._commit_backlog()
            except Exception as fault:  # noqa: BLE001  # logged
                # Without this thread nobody who waits for a flush would ever be answered.
                _log.exception("the writer of history failed")
                self._committer.trouble, done = f"{type(fault).__name__}, see the log", False
            for promise in asked:
                promise.keep(done and not refused)
        if self._backlog:
            _log.error("%d rows of history are lost: %s", len(self._backlog), self.health)
        self._committer.close()

    def _take(self) -> tuple[list[Promise[bool]], bool]:
        """Move the queue into the backlog; wait for work, or in trouble until the next retry.

        Returns the flushes that were asked for and whether to stop; both retry at once.
        """
        asked: list[Promise[bool]] = []
        in_trouble = bool(self._committer.trouble)
        retry_at_s = time.monotonic() + self._retry_s if in_trouble else math.inf
        while True:
            try:
                item = self._queue.get(timeout=_until(retry_at_s))
            except Empty:
                return asked, False
            if item is None:
                return asked, True
            if isinstance(item, Promise):
                asked.append(item)
            else:
                self._backlog.append(item)
            enough = self._queue.empty() or len(self._backlog) >= self._max_batch
            if enough and (asked or not in_trouble):
                return asked, False

    def _commit_backlog(self) -> bool:
        """Commit batch by batch; False when rows had to stay. A row that never works is dropped."""
        size = self._max_batch
        while self._backlog:
            batch = list(islice(self._backlog, size))
            try:
                if not self._committer.commit(batch):
                    return False
            except Exception:  # noqa: BLE001  # logged
                _log.exception("%d rows of history could not be written", len(batch))
                if len(batch) > 1:
                    size = 1  # one of them is at fault: find it, drop it, keep the others
                    continue
            for _ in batch:
                self._backlog.popleft()
        if self._refused:
            _log.warning("history is written again; %d rows were lost", self._refused)
            self._refused = 0
        return True


def _until(at_s: float) -> float | None:
    return None if at_s == math.inf else max(0.0, at_s - time.monotonic())

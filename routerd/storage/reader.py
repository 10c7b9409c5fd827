"""One thread with one read-only connection; work is handed to it and answered on the event loop.

It writes nothing. Jobs run one after another, in the order they came.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import anyio

from routerd.storage.database import Connection, SqliteError
from routerd.storage.promise import Promise

_log = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[Connection], T]


@dataclass(frozen=True, slots=True)
class _Work:
    job: Job[Any]
    promise: Promise[Any] | None


class Reader:
    """Owns its thread and its connection. `connect` runs on the thread, at the first job."""

    def __init__(self, name: str, connect: Callable[[], Connection]) -> None:
        self._name = name
        self._connect = connect
        self._connection: Connection | None = None
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Start the thread. It ends with the process even where `aclose` is never reached."""
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    async def call(self, job: Job[T]) -> T:
        """Run `job` on the thread and return its result.

        A caller who is cancelled spares the job if it hasn't begun; a job that has begun ends.
        Raises: what `job` or `connect` raises.
        """
        promise: Promise[T] = Promise()
        self._queue.put(_Work(job, promise))
        return await promise.result()

    def submit(self, job: Job[object]) -> None:
        """Run `job` later; never blocks, and may be called from any thread. Errors are logged."""
        self._queue.put(_Work(job, None))

    async def aclose(self) -> None:
        """Finish the jobs that were handed in, close the connection, end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await anyio.to_thread.run_sync(thread.join)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            if work.promise is None or not work.promise.abandoned:
                self._do(work)
        self._drop_connection()

    def _do(self, work: _Work) -> None:
        try:
            self._connection = self._connection or self._connect()
            result = work.job(self._connection)
        except Exception as error:  # noqa: BLE001  # handed to the caller, or logged
            if isinstance(error, SqliteError):
                # The next job gets a fresh connection: the file may have been out of reach.
                self._drop_connection()
            if work.promise is not None:
                work.promise.fail(error)
            else:
                _log.exception("%s: a job failed", self._name)
        else:
            if work.promise is not None:
                work.promise.keep(result)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

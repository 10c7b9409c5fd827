"""The memory of past tasks: implements `core.ports.Memory` on `state.db`; it chooses nothing."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import anyio

from routerd.core.decision import Decision
from routerd.core.errors import RouterdError
from routerd.core.features import Neighbour
from routerd.core.lesson import Lesson
from routerd.core.outcome import Outcome
from routerd.policy.budgets import Spent
from routerd.storage import browsing, forgetting, history, learnt, spending, statistics
from routerd.storage.browsing import Wanted
from routerd.storage.database import DAMAGE, Connection, SqliteError, open_connection
from routerd.storage.database_files import set_aside_files
from routerd.storage.forgetting import Forget, Forgotten, without_embedding
from routerd.storage.history import Past
from routerd.storage.reader import Reader
from routerd.storage.rows import Answered, mark_useful, record
from routerd.storage.vector_index import Found, VectorIndex, usable
from routerd.storage.writer import Writer

_log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_MEMORIES = 50_000
USE_NOTED_EVERY_S = 24 * 3600.0


class HistoryUnreadable(RouterdError):
    """`state.db` can't be read; routing goes on without it."""


class SqliteMemory:
    """Past decisions, outcomes and tasks; use it as an async context manager.

    Three threads, each with its own connection: one writes, one finds neighbours, and one reads
    history, so that a long look back never delays a decision. `embedder` names the model behind
    the embeddings; memories of another one are not compared. Without `store_embeddings` no task
    becomes a memory.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_memories: int = MAX_MEMORIES,
        embedder: str = "",
        store_embeddings: bool = True,
        writer: Writer | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_memories = max_memories
        self._embedder = embedder
        self._store_embeddings = store_embeddings
        self._clock_s = clock_s
        self._writer = writer or Writer(path)
        self._index = VectorIndex(embedder)
        self._neighbours = Reader("sqlite-neighbours", partial(self._connect, vectors=True))
        self._history = Reader("sqlite-history", partial(self._connect, vectors=False))
        self._faults: dict[Reader, str] = {}

    async def __aenter__(self) -> Self:
        """Open the file and start the threads; a full disk or a locked file is no error here.

        Raises: StorageRefused when the file can't be trusted.
        """
        await self._writer.start()
        self._neighbours.start()
        self._history.start()
        if self._writer.ready:
            self._neighbours.submit(self._index.load)
        return self

    async def __aexit__(self, *ended: object) -> None:
        """Commit what waits and close, the writer last, so that it can fold the log away."""
        with anyio.CancelScope(shield=True):
            await self._neighbours.aclose()
            await self._history.aclose()
            await self._writer.aclose()

    @property
    def notice(self) -> str:
        """What became of an old file that couldn't be used; "" when there is nothing to tell."""
        return self._writer.notice

    @property
    def health(self) -> str:
        """What is wrong with history just now; "" when all is well."""
        return self._writer.health or next(iter(self._faults.values()), "")

    def remember(
        self, decision: Decision, outcome: Outcome, request_facts: Mapping[str, Any]
    ) -> None:
        """Queue one request for the writer; never blocks, never raises.

        `request_facts`: those of `rows.FACT_NAMES`. A task becomes a memory when its success is
        known and it has an embedding.
        """
        if not self._store_embeddings:
            decision = without_embedding(decision)
        answered = Answered(decision, outcome, dict(request_facts), self._clock_s())
        self._writer.put(partial(self._record, answered))

    async def nearest(
        self, embedding: bytes, *, workspace: str, k: int = 16
    ) -> tuple[Neighbour, ...]:
        """Return up to `k` (at most 96) similar past tasks, most similar first; () on trouble.

        `workspace` is for a later weighting; tasks of all workspaces count alike.
        """
        if not usable(embedding):
            return ()
        try:
            job = partial(self._index.nearest, embedding=embedding, k=k, now_s=self._clock_s())
            found = await self._neighbours.call(job)
        except (SqliteError, RouterdError) as error:
            self._note_fault(self._neighbours, error)
            return ()
        except Exception:  # noqa: BLE001  # logged; neighbours are a help, never a must
            _log.exception("similar past tasks could not be looked up")
            return ()
        self._faults.pop(self._neighbours, None)
        self._note_use(found)
        return tuple(one.neighbour for one in found)

    async def decision(self, id_or_last: str) -> Past | None:
        """Return a decision, its outcome and the request's facts; None where there is no such.

        Rows still queued are not seen: `flush` first. Raises: HistoryUnreadable.
        """
        return await self._look_back(partial(history.read_past, id_or_last=id_or_last))

    def amend(self, decision_id: str, success: float) -> None:
        """See `core.ports.LearningStore.amend`."""
        self._writer.put(lambda connection: learnt.amend(connection, decision_id, success))

    def note_evidence(self, decision_id: str, kind: str, value: float) -> None:
        """See `core.ports.LearningStore.note_evidence`."""
        at_s = self._clock_s()
        self._writer.put(lambda connection: learnt.note(connection, decision_id, kind, value, at_s))

    def save_cells(self, cells: Iterable[learnt.CellRow]) -> None:
        """Queue the whole performance matrix for the writer; never blocks, never raises."""
        rows = tuple(cells)
        self._writer.put(lambda connection: learnt.save_cells(connection, rows))

    async def cells(self) -> list[learnt.CellRow]:
        """Return the performance matrix as it was saved. Raises: HistoryUnreadable."""
        return await self._look_back(learnt.read_cells)

    async def lessons(self, count: int) -> tuple[Lesson, ...]:
        """Return the newest tasks that something was seen of, by the embedder in use.

        Raises: HistoryUnreadable.
        """
        job = partial(learnt.read_lessons, embedder=self._embedder, count=count)
        try:
            # On the thread that knows vectors, which are read once an hour.
            return await self._neighbours.call(job)
        except (SqliteError, ValueError) as error:
            raise HistoryUnreadable(self._note_fault(self._neighbours, error)) from error

    async def page(self, wanted: Wanted) -> tuple[list[dict[str, Any]], int | None]:
        """Return decisions as flat rows and the next page's cursor; what is queued is waited for.

        Raises: HistoryUnreadable.
        """
        await self.flush()
        return await self._look_back(partial(browsing.read_page, wanted=wanted))

    async def statistics(self, days: int) -> dict[str, Any]:
        """Return sums and times, see `statistics.read`. Raises: HistoryUnreadable."""
        await self.flush()
        job = partial(statistics.read, days=days, now_unix_s=self._clock_s())
        return await self._look_back(job)

    async def saved(self) -> tuple[float, float]:
        """Return what was saved today and this month, US dollars; zeros where it can't be read."""
        try:
            return await self._look_back(partial(statistics.read_saved, now_unix_s=self._clock_s()))
        except HistoryUnreadable:
            return 0.0, 0.0

    async def rule_hits(self) -> dict[str, dict[str, Any]]:
        """Return how often each rule of the policy applied. Raises: HistoryUnreadable."""
        return await self._look_back(statistics.read_rule_hits)

    async def pasts(self, count: int) -> tuple[Past, ...]:
        """Return the newest decisions whole, newest first. Raises: HistoryUnreadable."""
        return await self._look_back(partial(history.read_pasts, count=count))

    async def judged(self, count: int) -> tuple[tuple[float, frozenset[str]], ...]:
        """Return the newest answers with a word of the user's on them: the word, and what was seen.

        Raises: HistoryUnreadable.
        """
        return tuple(await self._look_back(partial(learnt.read_judged, count=count)))

    async def counts(self) -> dict[str, Any]:
        """Return requests, failures, tokens, cost_usd, baseline_cost_usd and memories.

        {} when the file can't be read; `health` then says why.
        """
        try:
            return await self._look_back(history.read_counts)
        except HistoryUnreadable:
            return {}

    def spend(self, entry: Spent) -> None:
        """Queue one sum of money; never blocks, never raises."""
        self._writer.put(lambda connection: spending.add(connection, entry))

    async def spent(self) -> tuple[Spent, ...]:
        """Return what was spent, by day; () when the file can't be read."""
        try:
            return await self._look_back(spending.since)
        except HistoryUnreadable:
            return ()

    async def forget(self, what: Forget) -> Forgotten | None:
        """Delete rows and what they taught; None where the file can't be written now."""
        told: list[Forgotten] = []

        def job(connection: Connection) -> Callable[[], None]:
            told[:] = [forgetting.forget(connection, what)]
            return partial(self._forgotten, connection)

        self._writer.put(job)
        if not await self._writer.flush() or not told:
            return None
        everything = what == Forget()
        kept = await anyio.to_thread.run_sync(set_aside_files, self._path, everything)
        return replace(told[0], set_aside=kept)

    def _forgotten(self, connection: Connection) -> None:
        """Runs on the writer's thread once the rows are gone."""
        forgetting.tidy(connection)
        self._neighbours.submit(self._index.reload)

    async def flush(self) -> bool:
        """Return True once all that was remembered before is on disk; False if it can't be now."""
        return await self._writer.flush()

    def _record(self, answered: Answered, connection: Connection) -> Callable[[], None] | None:
        memory = record(
            connection, answered, embedder=self._embedder, max_memories=self._max_memories
        )
        if memory is None:
            return None
        embedding = answered.decision.features.reading.embedding
        return partial(self._neighbours.submit, lambda _: self._index.put(memory, embedding))

    def _note_use(self, found: list[Found]) -> None:
        """Once a day per memory is enough to tell which ones nobody needs."""
        now_s = self._clock_s()
        # A time ahead of now was noted by a clock that was wrong then, or is wrong now.
        far = (abs(now_s - one.useful_at_unix_s) > USE_NOTED_EVERY_S for one in found)
        stale = [one.memory for one, is_far in zip(found, far, strict=True) if is_far]
        if stale:
            self._writer.put(lambda connection: mark_useful(connection, stale, now_s))

    async def _look_back(self, job: Callable[[Connection], T]) -> T:
        try:
            found = await self._history.call(job)
        except (SqliteError, ValueError) as error:
            text = self._note_fault(self._history, error)
            raise HistoryUnreadable(text) from error
        self._faults.pop(self._history, None)
        return found

    def _note_fault(self, reader: Reader, error: Exception) -> str:
        text = f"history can't be read: {error}"
        if text != self._faults.get(reader):
            _log.warning("%s (%s)", text, type(error).__name__)
            if isinstance(error, DAMAGE):
                self._writer.suspect()
        self._faults[reader] = text
        return text

    def _connect(self, *, vectors: bool) -> Connection:
        # Until the writer has opened the file it may still be renamed, which no reader survives.
        if not self._writer.ready:
            raise HistoryUnreadable("state.db is not open yet")
        return open_connection(self._path, writable=False, vectors=vectors)


def read_decision(path: Path, id_or_last: str) -> Past | None:
    """Return a past decision without a daemon; None where there is no such or no file.

    Raises: HistoryUnreadable.
    """
    return _read(path, partial(history.read_past, id_or_last=id_or_last), None)


def read_pasts(path: Path, count: int) -> tuple[Past, ...]:
    """Return the newest decisions with what came of them, newest first; () where there is no file.

    Raises: HistoryUnreadable.
    """
    return _read(path, partial(history.read_pasts, count=count), ())


def read_statistics(path: Path, days: int) -> dict[str, Any] | None:
    """Return sums and times as `SqliteMemory.statistics`; None where there is no file.

    Raises: HistoryUnreadable.
    """
    return _read(path, partial(statistics.read, days=days, now_unix_s=time.time()), None)


def _read(path: Path, job: Callable[[Connection], T], otherwise: T) -> T:
    if not path.exists():
        return otherwise
    try:
        connection = open_connection(path, writable=False, vectors=False)
        try:
            return job(connection)
        finally:
            connection.close()
    except (SqliteError, ValueError) as error:
        raise HistoryUnreadable(
            f"{path} can't be read: {error}; `routerd up` sets a damaged file aside and starts anew"
        ) from error

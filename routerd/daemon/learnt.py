"""Keeps what outcomes teach: taken up at the start, learnt and saved again and again."""

import logging
import time
from collections.abc import Callable

import anyio

from routerd.core.candidate import Candidate
from routerd.core.errors import RouterdError
from routerd.endpoints.house import CellView
from routerd.learning import keeping
from routerd.learning.learner import MOST_JUDGED, MOST_LESSONS, Learner, head_of
from routerd.policy import hindsight
from routerd.storage.outcomes import SqliteMemory

_log = logging.getLogger(__name__)


class Learnt:
    """The learner of one daemon. `known` returns the candidates of the catalogue in force."""

    def __init__(self, memory: SqliteMemory, known: Callable[[], tuple[Candidate, ...]]) -> None:
        self._memory = memory
        self._known = known
        self.learner = Learner(memory)

    async def recall(self) -> None:
        """Take up the performance matrix where the last run left it."""
        try:
            self.learner.matrix.take_up(keeping.matrix_of(await self._memory.cells()))
        except (RouterdError, TypeError, ValueError):
            _log.exception("what was learnt of the models could not be read")

    async def keep(self, every_s: float) -> None:
        """Learn how hard tasks are and save the matrix, again and again; see `save`."""
        await anyio.sleep(min(every_s, keeping.FIRST_AFTER_S))
        while True:
            await self._learn_difficulty()
            await self._learn_likelihoods()
            await anyio.sleep(every_s)
            self.save()

    async def _learn_difficulty(self) -> None:
        try:
            lessons = await self._memory.lessons(MOST_LESSONS)
            self.learner.head = await anyio.to_thread.run_sync(head_of, lessons, self._known())
        except RouterdError as error:
            _log.warning("what tasks turned out to be could not be learnt: %s", error)

    async def _learn_likelihoods(self) -> None:
        """Learn from the user's words what the events seen after an answer say of it."""
        try:
            judged = await self._memory.judged(MOST_JUDGED)
        except RouterdError as error:
            _log.warning("what later events say of answers could not be learnt: %s", error)
            return
        self.learner.likelihoods = hindsight.fitted(
            (value, [e for e in hindsight.EVENTS if e in kinds]) for value, kinds in judged
        )

    def save(self) -> None:
        """Queue the performance matrix for the writer."""
        self._memory.save_cells(keeping.rows_of(self.learner.matrix, time.time()))

    def cells(self) -> list[CellView]:
        """See `endpoints.house.House.cells`."""
        now_s = time.time()
        rows = ((key, cell.faded(now_s)) for key, cell in self.learner.matrix.rows())
        return [CellView(*key, now.tried, now.well) for key, now in rows if len(key) == 2]

"""Turns outcomes and what follows them into the matrix: implements `core.ports.Learning`.

Owned by the event loop. Keeps the last decisions in memory, because evidence comes late: what a user
says, what the next turn shows.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from routerd.core.belief import Belief, Event
from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.features import Features, Reading
from routerd.core.lesson import Lesson
from routerd.core.outcome import Outcome
from routerd.core.ports import LearningStore
from routerd.learning import difficulty
from routerd.learning.cell import Said
from routerd.learning.matrix import Matrix
from routerd.policy import hindsight, scores

# Decisions whose evidence may still come.
MOST_OPEN = 4000
FEEDBACK_WEIGHT = 1.0
# Answers with a word of the user's that the likelihoods of events are counted from.
MOST_JUDGED = 5_000
# Tasks that the regression on difficulty is fitted on: 40 MB for half a second of one core.
MOST_LESSONS = 3_000


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that evidence may still come for. `counted` is the weight it has so far."""

    model: str
    reading: Reading
    expected: float
    believed: float
    events: tuple[Event, ...] = ()
    counted: float = 0.0
    value: float = 0.0


class Learner:
    """The matrix and what is open. `store` keeps evidence and what memories are worth."""

    def __init__(
        self,
        store: LearningStore,
        matrix: Matrix | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.matrix = matrix or Matrix()
        self.head: difficulty.Head | None = None
        self.likelihoods: hindsight.Table = hindsight.EVENTS
        self._store = store
        self._clock = clock
        self._open: OrderedDict[str, _Answer] = OrderedDict()

    def beliefs(self, models: Iterable[str], reading: Reading) -> Mapping[str, Belief]:
        """See `core.ports.Learning.beliefs`."""
        return self.matrix.beliefs(models, reading, self._clock())

    def harder(self, reading: Reading, input_tokens: int) -> float:
        """See `core.ports.Learning.harder`."""
        if self.head is None or not reading.embedding:
            return 0.0
        x = difficulty.features(
            reading.embedding, reading.complexity, reading.task_confidence, input_tokens
        )
        return float(self.head.shift(x[None, :])[0])

    def answered(self, decision: Decision, outcome: Outcome) -> None:
        """See `core.ports.Learning.answered`."""
        for attempt in outcome.attempts:
            entry = _answer_of(decision, attempt.model)
            if entry is None or attempt.failure not in (None, "unverified"):
                continue
            given = attempt.model == outcome.model and attempt.failure is None
            events: tuple[Event, ...] = ()
            if attempt.faults or attempt.failure == "unverified":
                events = ("faults",)
            elif attempt.checked:
                events = ("sound",)
            # A better answer may have replaced it; then it has no id that evidence could name.
            identity = decision.id if given else f"{decision.id}/{attempt.model}"
            if given and outcome.success is None:
                continue
            self._keep(identity, entry)
            self.note(identity, events)

    def note(self, decision_id: str, events: Iterable[Event]) -> None:
        """See `core.ports.Learning.note`; an event counts once, an unknown decision nothing."""
        answer = self._open.get(decision_id)
        fresh = tuple(dict.fromkeys(e for e in events if answer and e not in answer.events))
        if answer is None:
            return
        seen = (*answer.events, *fresh)
        # A word of the user's is final: what follows can't make it truer.
        if "feedback" in answer.events:
            return
        value = hindsight.chance(answer.believed, seen, self.likelihoods)
        self._count(decision_id, answer, seen, value, hindsight.weight(seen))
        for event in fresh:
            self._store.note_evidence(decision_id, event, value)

    def feedback(self, decision: Decision, model: str, value: float) -> None:
        """Take in a user's word, 0 bad to 1 good; it goes over all that was inferred."""
        if decision.id not in self._open:
            entry = _answer_of(decision, model)
            if entry is None:
                # Nothing to learn about a model that is none, but the word is kept.
                self._store.note_evidence(decision.id, "feedback", value)
                return
            self._keep(decision.id, entry)
        answer = self._open[decision.id]
        seen: tuple[Event, ...] = tuple(dict.fromkeys((*answer.events, "feedback")))
        self._count(decision.id, answer, seen, value, FEEDBACK_WEIGHT)
        self._store.note_evidence(decision.id, "feedback", value)

    def forget(self) -> None:
        """Forget all that was learnt and all that evidence could still come for."""
        self.matrix, self.head = Matrix(), None
        self._open.clear()

    def _keep(self, identity: str, answer: _Answer) -> None:
        self._open[identity] = answer
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)

    def _count(
        self, identity: str, answer: _Answer, seen: tuple[Event, ...], value: float, weight: float
    ) -> None:
        """Put an answer into the matrix, instead of what it counted as before."""
        if weight > 0.0:
            self.matrix.learn(
                answer.model,
                answer.reading,
                Said(value, weight),
                answer.expected,
                now_s=self._clock(),
                instead_of=Said(answer.value, answer.counted),
            )
        self._open[identity] = replace(answer, events=seen, counted=weight, value=value)
        self._store.amend(identity, value)


def head_of(lessons: Iterable[Lesson], candidates: Iterable[Candidate]) -> difficulty.Head | None:
    """Return the regression on difficulty that the lessons teach; None where it explains nothing.

    Lessons of models that are no candidates any more tell nothing.
    """
    known = {candidate.name: candidate for candidate in candidates}
    xs, passed, margins = [], [], []
    for lesson in lessons:
        if lesson.model not in known:
            continue
        read, tokens = lesson.reading, lesson.input_tokens
        seen = Features(read, tokens)
        ability = scores.ability(known[lesson.model], seen)
        x = difficulty.features(read.embedding, read.complexity, read.task_confidence, tokens)
        xs.append(x)
        passed.append([lesson.success])
        margins.append([ability - scores.difficulty(seen)])
    if len(xs) < difficulty.FEWEST_TASKS:
        return None
    head = difficulty.fit(np.stack(xs), np.array(passed), np.array(margins))
    return head if head is not None and head.explained > 0.0 else None


def _answer_of(decision: Decision, model: str) -> _Answer | None:
    entry = next((e for e in decision.ranked if e.candidate.name == model), None)
    if entry is None or entry.candidate.plumbing:
        return None
    bare = replace(decision.features, beliefs={})
    expected = scores.fit(entry.candidate, bare)
    return _Answer(model, decision.features.reading, expected, entry.p_success)

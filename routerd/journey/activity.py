"""What is being answered now, what was lately, and what was refused: the faces' view of requests.

It is kept in memory and starts empty. All calls are made on the event loop.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable

import anyio

from routerd.core.decision import Decision
from routerd.core.errors import NoCandidate, RouterdError
from routerd.core.outcome import Outcome
from routerd.core.status import RecentDecision, RefusedEgress, RunningRequest
from routerd.journey.attempts import Journal
from routerd.policy.rules import POLICY_RULES

MOST_DECISIONS = 3
# What a client is told to wait where only a person ends the pause.
ASK_AGAIN_S = 60.0


class Paused(RouterdError):
    """A person has paused routerd; new requests are not taken."""

    status_hint = 503


class Activity:
    """Shared by all requests of the daemon; it outlives reloads. `clock_s` is monotonic."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._running: dict[str, tuple[float, Journal]] = {}
        self._paused_until_s: float | None = None
        self._paused = False
        self.decisions: deque[RecentDecision] = deque(maxlen=MOST_DECISIONS)
        self.refused = RefusedEgress()
        # Set whenever something here has changed, and replaced: who waits holds the old one.
        self.changed = anyio.Event()

    def load(self, past: Iterable[RecentDecision]) -> None:
        """Take in what earlier runs decided, newest first; what this one did stays newer."""
        for decision in list(past)[: MOST_DECISIONS - len(self.decisions)]:
            self.decisions.append(decision)

    def forget(self) -> None:
        """Let go of the last decisions."""
        self.decisions.clear()
        self._tell()

    @property
    def running(self) -> tuple[RunningRequest, ...]:
        """What is being answered now, the oldest first."""
        told = (_running(since, journal) for since, journal in self._running.values())
        return tuple(request for request in told if request is not None)

    def begin(self, decision: Decision, journal: Journal) -> None:
        """Note that a request is on its way; `end` must follow."""
        self._running[decision.id] = (time.time(), journal)
        self._tell()

    def end(
        self,
        decision: Decision,
        outcome: Outcome,
        journal: Journal,
        error: RouterdError | None = None,
    ) -> None:
        """Note how it ended."""
        self._running.pop(decision.id, None)
        if error is not None:
            self.note_failure(error, decision)
        winner = journal.winner or journal.asked
        self.decisions.appendleft(
            RecentDecision(
                id=decision.id,
                at_unix_s=time.time(),
                task=decision.features.reading.task,
                model=outcome.model,
                zone=winner.candidate.zone if winner else "device",
                reason=decision.reason,
                finish=outcome.finish,
            )
        )
        self._tell()

    def note_refusal(self, host: str, reason: str) -> None:
        """Note that something tried to leave this machine."""
        self.refused = RefusedEgress(self.refused.count + 1, time.time(), host, reason)
        self._tell()

    def note_failure(self, error: RouterdError, decision: Decision) -> None:
        """Note a request that only somewhere else could have answered, and that was kept here."""
        if not isinstance(error, NoCandidate) or not error.refused_by_policy:
            return
        for kept in decision.exclusions:
            if kept.candidate.leaves_machine and kept.rule in POLICY_RULES:
                self.note_refusal(kept.candidate.provider, kept.reason)
                return

    @property
    def paused(self) -> bool:
        """Whether new requests are refused."""
        until_s = self._paused_until_s
        return self._paused and (until_s is None or self._clock_s() < until_s)

    def pause_is_over(self) -> bool:
        """Whether a timed pause has run out and `resume` was not called yet."""
        return self._paused and not self.paused

    @property
    def paused_left_s(self) -> float:
        """How long the pause still lasts; 0 without one, or where only a person ends it."""
        until_s = self._paused_until_s
        return max(0.0, until_s - self._clock_s()) if self.paused and until_s is not None else 0.0

    def pause(self, for_s: float | None) -> None:
        """Refuse new requests from now on; `for_s` None means until `resume`."""
        self._paused = True
        self._paused_until_s = None if for_s is None else self._clock_s() + for_s
        self._tell()

    def resume(self) -> None:
        """Take requests again."""
        self._paused = False
        self._tell()

    def admit(self) -> None:
        """Raise Paused where no new request is taken."""
        if not self.paused:
            return
        left_s = self.paused_left_s
        ends = f"for another {_minutes(left_s)}" if left_s else "until somebody resumes it"
        error = Paused(
            f"routerd is paused {ends}; `routerd resume`, or Resume in the tray, ends that."
        )
        error.retry_after_s = left_s or ASK_AGAIN_S
        raise error

    def _tell(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()


def _running(since: float, journal: Journal) -> RunningRequest | None:
    decision = journal.decision
    entry = journal.winner or journal.asked or (decision.chosen if decision else None)
    if decision is None or entry is None:
        return None
    reading = decision.features.reading
    candidate = entry.candidate
    return RunningRequest(decision.id, candidate.name, candidate.zone, reading.task, since)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"

"""The whole way of a request, visible on one screen: understand, decide, attempt, remember."""

import logging
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from routerd.core.candidate import Price
from routerd.core.config import Timeouts
from routerd.core.decision import Decision
from routerd.core.errors import RouterdError
from routerd.core.features import Features
from routerd.core.outcome import Outcome
from routerd.core.ports import (
    Catalogue,
    Learning,
    Memory,
    Sessions,
    Understanding,
    Verifier,
    Watcher,
)
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.session import Signs, Standing
from routerd.journey.activity import Activity
from routerd.journey.attempts import Attempts, Journal
from routerd.journey.audited import Audit
from routerd.journey.permit import Permit
from routerd.journey.remember import facts_of, outcome_of
from routerd.journey.understand import understand
from routerd.policy import decide as policy
from routerd.policy import explore, hindsight, session, transcript
from routerd.policy.fallback import RetryBudget
from routerd.policy.ruling import Ruling

_log = logging.getLogger(__name__)


def new_id() -> str:
    """Return a decision id: sorts by time, unguessable in its second half."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"


async def _at_once() -> None:
    """Wait for nothing: what is concluded is kept by nobody, or in memory."""


@dataclass(frozen=True, slots=True)
class Journey:
    """Everything one request needs, as of one snapshot of the settings."""

    understanding: Understanding
    memory: Memory
    catalogue: Catalogue
    stance: policy.Stance
    timeouts: Timeouts = Timeouts()  # noqa: RUF009  # frozen
    budget: RetryBudget = field(default_factory=RetryBudget)
    permit: Permit = field(default_factory=Permit)
    audit: Audit = field(default_factory=Audit)
    sessions: Sessions | None = None
    verifier: Verifier | None = None
    learning: Learning | None = None
    activity: Activity = field(default_factory=Activity)
    watcher: Watcher | None = None
    price_of: Callable[[str], Price | None] = lambda _: None
    settled: Callable[[], Awaitable[None]] = _at_once

    async def decide(self, request: Request, standing: Standing | None = None) -> Decision:
        """Return the decision; nobody is called. `standing`: where it is known already.

        Raises: NotFound when strict.
        """
        standing = standing or self._standing(request)
        before = standing.reading if standing else None
        known = before is not None and before.task_confidence > 0.0
        inherited = before if known and transcript.goes_on(request.messages) else None
        features = await understand(request, self.understanding, self.memory, inherited)
        began_s = time.perf_counter()
        candidates = self.catalogue.candidates()
        if self.learning is not None:
            names = (candidate.name for candidate in candidates)
            features = replace(
                features,
                beliefs=self.learning.beliefs(names, features.reading),
                harder=self.learning.harder(features.reading, features.input_tokens),
            )

        settle = self._settler(request, standing)

        def choose(seen: Features, ruling: Ruling) -> Decision:
            decision = policy.decide(
                new_id(),
                seen,
                candidates,
                self.stance,
                requested_model=request.requested_model,
                max_output_tokens=request.limits.max_output_tokens,
                ruling=ruling,
            )
            return explore.settle(settle(decision), self.stance.explore)

        decision = await self.permit.decide(request, features, choose)
        return replace(decision, decide_ms=(time.perf_counter() - began_s) * 1e3)

    def _standing(self, request: Request) -> Standing | None:
        return self.sessions.standing(request) if self.sessions is not None else None

    @staticmethod
    def _settler(request: Request, standing: Standing | None) -> Callable[[Decision], Decision]:
        """Return what takes the conversation so far into account.

        It is read once: the choice is made twice where a request is screened.
        """
        if standing is None:
            return lambda decision: decision
        # What a transcript shows of nobody needn't be read.
        signs = transcript.read(request.messages, standing.since) if standing.model else Signs()
        return lambda decision: session.settle(decision, standing, signs)

    def _look_back(self, request: Request, standing: Standing | None) -> None:
        """Learn from what this request's new messages show of the answer before."""
        if standing is None or self.learning is None:
            return
        if standing.decision and standing.seen < len(request.messages):
            signs = transcript.read(request.messages, standing.seen)
            self.learning.note(standing.decision, hindsight.events_of(signs))

    async def answer(self, request: Request, journal: Journal) -> AsyncGenerator[Chunk]:
        """Yield the chunks of the answer, the last one Finish; `journal` tells who gives it.

        Consume under `contextlib.aclosing`: closing it cancels the backend. However it ends, the
        outcome is remembered; an answer that came to its end ends when that is on disk (`settled`,
        which waits for a bounded time), so that no answer a client was given in full can be lost.
        Raises: Paused, NotFound, NoCandidate, ProviderFailed.
        """
        self.activity.admit()
        began_s = time.monotonic()
        standing = self._standing(request)
        self._look_back(request, standing)
        decision = journal.decision = await self.decide(request, standing)
        facts = facts_of(request)
        error: RouterdError | None = None
        traffic = self.audit.begin()
        self.begin(request, decision, journal)
        try:
            await self.audit.before(decision, request, facts)
            async with aclosing(self._attempts(request, decision, journal)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except RouterdError as failure:
            error = failure
            raise
        except Exception as fault:
            # Without this a crash would be remembered as a client that went away.
            error = RouterdError(f"routerd failed: {type(fault).__name__}")
            raise
        finally:
            took_s, baseline = time.monotonic() - began_s, self.price_of(decision.baseline)
            outcome = outcome_of(decision, journal, took_s, error, baseline)
            self.memory.remember(decision, outcome, facts)
            self.audit.after(decision, outcome, request, facts, journal, traffic)
            self._learn(request, standing, decision, outcome)
            self.end(request, decision, outcome, journal, error)
        await self.settled()

    def _attempts(
        self, request: Request, decision: Decision, journal: Journal
    ) -> AsyncGenerator[Chunk]:
        catalogue = self.permit.guarded(self.catalogue, request, decision)
        attempts = Attempts(catalogue, self.timeouts, self.budget, self.verifier)
        return attempts.run(request, decision, journal)

    def begin(self, request: Request, decision: Decision, journal: Journal) -> None:
        """Let everyone know who watches, and set aside what it may cost."""
        if self.watcher is not None:
            journal.watcher = self.watcher
            self.watcher.decided(request, decision)
        self.permit.spending.reserve(decision, request)
        self.activity.begin(decision, journal)

    def end(
        self,
        request: Request,
        decision: Decision,
        outcome: Outcome,
        journal: Journal,
        error: RouterdError | None,
    ) -> None:
        """Let everyone know how it ended who watches, and pay for it."""
        took_s = outcome.duration_s
        _log.info("%s %s %s %.3f s", decision.id, outcome.model, outcome.finish, took_s)
        self.permit.spending.settle(decision, outcome, request)
        self.activity.end(decision, outcome, journal, error)
        if self.watcher is not None:
            self.watcher.answered(request, decision, outcome)

    def _learn(
        self, request: Request, standing: Standing | None, decision: Decision, outcome: Outcome
    ) -> None:
        if self.sessions is not None and standing is not None:
            self.sessions.answered(request, standing, decision, outcome)
        if self.learning is not None:
            self.learning.answered(decision, outcome)

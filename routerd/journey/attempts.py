"""Tries the ranking until one answers; before the first byte only, then honest to the end."""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio

from routerd.core.candidate import Candidate
from routerd.core.config import Timeouts
from routerd.core.decision import Decision, Ranked
from routerd.core.errors import NoCandidate, ProviderFailed
from routerd.core.outcome import Attempt
from routerd.core.ports import Catalogue, Verifier, Watcher
from routerd.core.request import Request
from routerd.core.response import Assembler, Chunk, Finish, Progress
from routerd.core.status import EngineStatus
from routerd.journey.checking import AnswerUnsound, Check
from routerd.policy import fallback
from routerd.policy.rules import POLICY_RULES

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Journal:
    """What happened so far; filled while the answer streams, read by the door and `remember`.

    `asked` is the one who is asked now, or was last.
    """

    decision: Decision | None = None
    attempts: list[Attempt] = field(default_factory=list)
    assembler: Assembler = field(default_factory=Assembler)
    winner: Ranked | None = None
    watcher: Watcher | None = None
    asked: Ranked | None = None

    def begin(self, candidate: Candidate) -> None:
        """Let who watches know that this candidate is asked now."""
        if self.watcher is not None and self.decision is not None:
            self.watcher.attempting(self.decision.id, candidate, len(self.attempts) + 1)


@dataclass(slots=True)
class _Trip:
    """One request's way: how long it has waited, and the best answer with faults so far."""

    waited_s: float = 0.0
    spare: tuple[Ranked, AnswerUnsound] | None = None

    def given_after_all(self, journal: Journal) -> tuple[Chunk, ...]:
        """Return an answer with faults that nobody could better; its attempt tells the faults."""
        if self.spare is None:
            return ()
        journal.winner, unsound = self.spare
        for chunk in unsound.held:
            journal.assembler.add(chunk)
        return unsound.held


class Attempts:
    """Runs one decision. `budget` is shared by all requests of the daemon."""

    def __init__(
        self,
        catalogue: Catalogue,
        timeouts: Timeouts,
        budget: fallback.RetryBudget,
        verifier: Verifier | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._timeouts = timeouts
        self._budget = budget
        self._verifier = verifier

    async def run(
        self, request: Request, decision: Decision, journal: Journal
    ) -> AsyncGenerator[Chunk]:
        """Yield the answer's chunks.

        An answer that fails its checks is asked for again one rung up; where that fails too, the
        first one is given after all.
        Raises: NoCandidate when nobody may answer, ProviderFailed when all who may have failed,
        or when one failed after its first byte had gone out.
        """
        if decision.chosen is None:
            raise nobody(decision, self._catalogue.engines)
        self._budget.requests += 1
        entry: Ranked | None = decision.chosen
        trip = _Trip()
        while entry is not None:
            try:
                async with aclosing(self._attempt(request, entry, decision, journal)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except ProviderFailed as failure:
                entry = await self._after(failure, entry, decision, journal, trip)
        for chunk in trip.given_after_all(journal):
            yield chunk

    async def _after(
        self,
        failure: ProviderFailed,
        entry: Ranked,
        decision: Decision,
        journal: Journal,
        trip: "_Trip",
    ) -> Ranked | None:
        """Return who is asked after a failure; None where an answer with faults must do.

        Raises: the failure, where nothing is left to try.
        """
        if journal.winner is not None:
            raise failure
        following = self._next(decision, journal, failure, entry)
        if isinstance(failure, AnswerUnsound):
            trip.spare = (entry, failure)
            return following
        # A conversation that must not change hands waits as long as one that has nobody else.
        other = None if decision.hold.bound else following
        wait_s = fallback.wait_s(failure, other, trip.waited_s, journal.attempts)
        if wait_s is not None and self._budget.left:
            trip.waited_s += wait_s
            self._budget.retries += following is None
            # A little longer, so that its rest is over by the clock that it was written by.
            await anyio.sleep(wait_s + 0.01)
            return entry
        if following is None and trip.spare is None:
            raise failure
        return following

    def _next(
        self, decision: Decision, journal: Journal, failure: ProviderFailed, entry: Ranked
    ) -> Ranked | None:
        """Return who is asked next and count it, None where nobody is."""
        if isinstance(failure, AnswerUnsound):
            before = journal.attempts[:-1]
            following = fallback.next_rung(decision.ranked, before, entry, self._budget)
            self._budget.rises += following is not None
        else:
            following = fallback.next_candidate(
                decision.ranked, journal.attempts, failure, self._budget
            )
        if following is not None:
            self._budget.retries += 1
            _log.info("after %s: trying %s", failure, following.candidate.name)
        return following

    def _check(
        self, request: Request, entry: Ranked, decision: Decision, journal: Journal
    ) -> Check:
        """Return the attempt's check; a conversation that must not change hands never rises."""
        higher = fallback.next_rung(decision.ranked, journal.attempts, entry, self._budget)
        may_rise = higher is not None and not decision.hold.bound
        return Check(request, entry.candidate.name, self._verifier, may_rise)

    async def _attempt(
        self, request: Request, entry: Ranked, decision: Decision, journal: Journal
    ) -> AsyncGenerator[Chunk]:
        began_s = time.monotonic()
        first_s = -1.0
        failure: ProviderFailed | None = None
        journal.asked = entry
        check = self._check(request, entry, decision, journal)
        journal.begin(entry.candidate)
        entered = self._catalogue.enter(entry.candidate.name)
        try:
            if not entered:
                raise resting(entry.candidate)
            async with (
                aclosing(self._chunks(request, entry.candidate)) as chunks,
                aclosing(check.run(chunks)) as checked,
            ):
                async for chunk in checked:
                    if not isinstance(chunk, Progress):
                        first_s = time.monotonic() - began_s if first_s < 0 else first_s
                        journal.winner = entry
                        journal.assembler.add(chunk)
                    yield chunk
        except ProviderFailed as error:
            failure = error
            raise
        finally:
            attempt = Attempt(
                model=entry.candidate.name,
                started_s=began_s,
                duration_s=time.monotonic() - began_s,
                ttft_s=first_s,
                failure=failure.kind if failure else None,
                error=str(failure) if failure else "",
                checked=check.verdict.checked,
                faults=check.verdict.faults,
            )
            journal.attempts.append(attempt)
            if entered:
                self._report(request, entry.candidate, attempt, check.assembler.finish, failure)

    def _report(
        self,
        request: Request,
        candidate: Candidate,
        attempt: Attempt,
        finish: Finish | None,
        failure: ProviderFailed | None,
    ) -> None:
        """Tell the catalogue; a request at fault itself, or given up, says nothing of the model."""
        if attempt.failure == "rejected" or (attempt.failure is None and finish is None):
            self._catalogue.report(candidate.name, ok=None)
            return
        # A whole answer does not show its first token, and a cold model's includes loading.
        timely = request.wants_stream and (candidate.warm or not candidate.load_s)
        made = finish.usage.output_tokens if finish else 0
        writing_s = attempt.duration_s - max(attempt.ttft_s, 0.0)
        speed = made / writing_s if made > 8 and writing_s > 0.01 else 0.0
        self._catalogue.report(
            candidate.name,
            # A poor answer is no fault of the line.
            ok=attempt.failure in (None, "unverified"),
            ttft_s=attempt.ttft_s if timely else -1.0,
            tokens_per_s=speed,
            rest_s=(failure.retry_after_s or 0.0) if failure else 0.0,
        )

    async def _chunks(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """Yield chunks within their time limits; a request not streamed yields at its end.

        Nothing of it has gone out before then, so a failure in the middle can still be retried.
        """
        provider = self._catalogue.provider(candidate.provider)
        streamed, limits = request.wants_stream, self._timeouts
        limit_s = limits.first_token_s if streamed else limits.whole_answer_s
        wait_s = limit_s = limit_s + candidate.load_s
        late = f"{candidate.name} {'sent nothing for' if streamed else 'did not finish within'}"
        began_s = time.monotonic()
        held: list[Chunk] = []
        ended = False
        async with aclosing(provider.stream(request, candidate)) as chunks:
            while not ended:
                chunk = await _next(chunks, wait_s, f"{late} {limit_s:.0f} s")
                ended = isinstance(chunk, Finish)
                if streamed or isinstance(chunk, Progress):
                    yield chunk
                else:
                    held.append(chunk)
                if not streamed:
                    wait_s = began_s + limit_s - time.monotonic()
                elif not isinstance(chunk, Progress):
                    wait_s = limit_s = limits.idle_s
        for chunk in held:
            yield chunk


async def _next(chunks: AsyncIterator[Chunk], limit_s: float, late: str) -> Chunk:
    """Return the next chunk. Raises: ProviderFailed when it is late or there is none."""
    try:
        with anyio.fail_after(limit_s):
            return await anext(chunks)
    except TimeoutError:
        raise ProviderFailed(late, "timeout") from None
    except StopAsyncIteration:
        raise ProviderFailed("the backend ended without a finish", "died") from None


def resting(candidate: Candidate) -> ProviderFailed:
    """Return the failure of a model that went to rest, or is being tried, since it was chosen."""
    return ProviderFailed(
        f"{candidate.name} failed several times; another request is trying whether it is well again",
        # Of this model alone: "refused" would take the server's others with it.
        "overloaded",
    )


def nobody(decision: Decision, engines: Sequence[EngineStatus]) -> NoCandidate:
    """Return the error for a decision without candidates: who was excluded, and what to do."""
    if not decision.exclusions:
        looked = "; ".join(f"{e.name} ({e.address}): {e.detail or 'no models'}" for e in engines)
        return NoCandidate(
            f"No model is available. Looked for {looked or 'nothing: discovery is off'}. "
            "Either `pip install 'routerd[embedded]'` and `routerd pull MODEL`, "
            "or install Ollama and `ollama pull qwen2.5-coder:7b`."
        )
    # That the others were not pinned is the least that can be said of them.
    told = sorted(decision.exclusions, key=lambda e: e.rule == "pinned")
    shown = [f"{e.candidate.name}: {e.reason}" for e in told[:5]]
    more = len(decision.exclusions) - len(shown)
    rest = f"; and {more} more" if more > 0 else ""
    asked = {e.rule for e in decision.exclusions}
    by_policy = bool(asked & POLICY_RULES) and asked <= POLICY_RULES | {
        "pinned",
        "plumbing",
        "kind",
    }
    return NoCandidate(
        f"No model may answer this request. {'; '.join(shown)}{rest}. "
        f"`routerd why {decision.id}` shows all.",
        refused_by_policy=by_policy,
    )

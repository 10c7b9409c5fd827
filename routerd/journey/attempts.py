"""Tries the ranking until one answers; before the first byte only, then honest to the end."""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio

from routerd.core.config import Timeouts
from routerd.core.decision import Decision, Ranked
from routerd.core.errors import NoCandidate, ProviderFailed
from routerd.core.outcome import Attempt
from routerd.core.ports import Catalogue
from routerd.core.request import Request
from routerd.core.response import Assembler, Chunk, Finish, Progress
from routerd.core.status import EngineStatus
from routerd.policy import fallback
from routerd.policy.rules import POLICY_RULES

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Journal:
    """What happened so far; filled while the answer streams, read by the door and `remember`."""

    decision: Decision | None = None
    attempts: list[Attempt] = field(default_factory=list)
    assembler: Assembler = field(default_factory=Assembler)
    winner: Ranked | None = None


class Attempts:
    """Runs one decision. `budget` is shared by all requests of the daemon."""

    def __init__(
        self, catalogue: Catalogue, timeouts: Timeouts, budget: fallback.RetryBudget
    ) -> None:
        self._catalogue = catalogue
        self._timeouts = timeouts
        self._budget = budget

    async def run(
        self, request: Request, decision: Decision, journal: Journal
    ) -> AsyncGenerator[Chunk]:
        """Yield the answer's chunks.

        Raises: NoCandidate when nobody may answer, ProviderFailed when all who may have failed,
        or when one failed after its first byte had gone out.
        """
        if decision.chosen is None:
            raise nobody(decision, self._catalogue.engines)
        self._budget.requests += 1
        entry: Ranked | None = decision.chosen
        while entry is not None:
            try:
                async with aclosing(self._attempt(request, entry, journal)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except ProviderFailed as failure:
                if journal.winner is not None:
                    raise
                tried = [attempt.model for attempt in journal.attempts]
                entry = fallback.next_candidate(decision.ranked, tried, failure, self._budget)
                if entry is None:
                    raise
                self._budget.retries += 1
                _log.info("%s failed (%s), trying %s", tried[-1], failure, entry.candidate.name)

    async def _attempt(
        self, request: Request, entry: Ranked, journal: Journal
    ) -> AsyncGenerator[Chunk]:
        name = entry.candidate.name
        began_s = time.monotonic()
        first_s = -1.0
        failure: ProviderFailed | None = None
        finished = False
        try:
            async with aclosing(self._chunks(request, entry)) as chunks:
                async for chunk in chunks:
                    if not isinstance(chunk, Progress):
                        first_s = time.monotonic() - began_s if first_s < 0 else first_s
                        journal.winner = entry
                        journal.assembler.add(chunk)
                    finished = finished or isinstance(chunk, Finish)
                    yield chunk
        except ProviderFailed as error:
            failure = error
            raise
        finally:
            took_s = time.monotonic() - began_s
            journal.attempts.append(
                Attempt(
                    model=name,
                    started_s=began_s,
                    duration_s=took_s,
                    ttft_s=first_s,
                    failure=failure.kind if failure else None,
                    error=failure.message if failure else "",
                )
            )
            if failure is not None or finished:
                self._report(name, failure, journal, first_s, took_s)

    def _report(
        self,
        name: str,
        failure: ProviderFailed | None,
        journal: Journal,
        first_s: float,
        took_s: float,
    ) -> None:
        """Tell the catalogue; a request that was itself at fault says nothing of the model."""
        if failure is not None and failure.kind == "rejected":
            return
        made = journal.assembler.finish.usage.output_tokens if journal.assembler.finish else 0
        writing_s = took_s - max(first_s, 0.0)
        speed = made / writing_s if made > 8 and writing_s > 0.01 else 0.0
        self._catalogue.report(name, ok=failure is None, ttft_s=first_s, tokens_per_s=speed)

    async def _chunks(self, request: Request, entry: Ranked) -> AsyncGenerator[Chunk]:
        """Yield chunks within their time limits; a request not streamed yields at its end.

        Nothing of it has gone out before then, so a failure in the middle can still be retried.
        """
        candidate = entry.candidate
        provider = self._catalogue.provider(candidate.provider)
        limits = self._timeouts
        first_s = (
            limits.first_token_s if request.wants_stream else limits.whole_answer_s
        ) + candidate.load_s
        held: list[Chunk] = []
        async with aclosing(provider.stream(request, candidate)) as chunks:
            wait_s, ended = first_s, False
            while (chunk := await _next(chunks, wait_s, candidate.name)) is not None:
                ended = ended or isinstance(chunk, Finish)
                if isinstance(chunk, Progress) or request.wants_stream:
                    yield chunk
                else:
                    held.append(chunk)
                if not isinstance(chunk, Progress):
                    wait_s = limits.idle_s if request.wants_stream else limits.whole_answer_s
        if not ended:
            raise ProviderFailed(f"{candidate.name} ended without a finish", "died")
        for chunk in held:
            yield chunk


async def _next(chunks: AsyncIterator[Chunk], limit_s: float, name: str) -> Chunk | None:
    """Return the next chunk, None at the end. Raises: ProviderFailed of kind timeout."""
    try:
        with anyio.fail_after(limit_s):
            return await anext(chunks, None)
    except TimeoutError:
        raise ProviderFailed(f"{name} sent nothing for {limit_s:.0f} s", "timeout") from None


def nobody(decision: Decision, engines: Sequence[EngineStatus]) -> NoCandidate:
    """Return the error for a decision without candidates: who was excluded, and what to do."""
    if not decision.exclusions:
        looked = "; ".join(f"{e.name} ({e.address}): {e.detail or 'no models'}" for e in engines)
        return NoCandidate(
            f"No model is available. Looked for {looked or 'nothing: discovery is off'}. "
            "Either `pip install 'routerd[embedded]'` and `routerd pull MODEL`, "
            "or install Ollama and `ollama pull qwen2.5-coder:7b`."
        )
    shown = [f"{e.candidate.name}: {e.reason}" for e in decision.exclusions[:5]]
    more = len(decision.exclusions) - len(shown)
    rest = f"; and {more} more" if more > 0 else ""
    asked = {e.rule for e in decision.exclusions}
    by_policy = bool(asked & POLICY_RULES) and asked <= POLICY_RULES | {"pinned", "plumbing"}
    return NoCandidate(
        f"No model may answer this request. {'; '.join(shown)}{rest}. "
        f"`routerd why {decision.id}` shows all.",
        refused_by_policy=by_policy,
    )

"""Texts to vectors: the same hard filters and the same memory as for answers, one attempt.

Vectors of different models can't be compared, so there is no fallback to another one.
"""

import time
from dataclasses import replace
from typing import Protocol, runtime_checkable

import anyio

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import NoCandidate, ProviderFailed, RouterdError
from routerd.core.outcome import Attempt, Outcome
from routerd.core.request import Message, Request, Text
from routerd.core.response import Usage
from routerd.journey.attempts import Journal, nobody
from routerd.journey.remember import facts_of
from routerd.journey.route import Journey
from routerd.policy import masking


@runtime_checkable
class Embedder(Protocol):
    """A provider that can embed."""

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector for each text. Raises: ProviderFailed."""
        ...


async def embed(journey: Journey, request: EmbeddingRequest) -> EmbeddingAnswer:
    """Return the vectors; an answer and a failure are remembered.

    Raises: NotFound, NoCandidate, ProviderFailed.
    """
    asked = _as_request(request)
    decision = await journey.decide(asked)
    facts = facts_of(asked)
    if decision.chosen is None:
        journey.memory.remember(decision, Outcome(decision.id, "failed"), facts)
        if not any(e.candidate.capabilities.embeddings for e in decision.exclusions):
            raise NoCandidate(
                "No embedding model is available; `ollama pull nomic-embed-text`, or configure a "
                "server that has one."
            )
        raise nobody(decision, journey.catalogue.engines)
    candidate = decision.chosen.candidate
    if decision.screened == "mask" and candidate.leaves_machine:
        masked = masking.mask(asked, decision.findings).request
        request = replace(request, texts=tuple(message.text for message in masked.messages))
    answer = await _accounted(journey, decision, asked, request)
    return replace(answer, model=candidate.name)


async def _accounted(
    journey: Journey, decision: Decision, asked: Request, request: EmbeddingRequest
) -> EmbeddingAnswer:
    """Ask the chosen one; budgets, audit log and memory see it as they see an answer."""
    chosen = decision.ranked[0]
    began_s, tokens = time.monotonic(), -1
    failure: RouterdError | None = None
    journey.permit.spending.reserve(decision, asked)
    if journey.watcher is not None:
        journey.watcher.decided(asked, decision)
    traffic = journey.audit.begin()
    try:
        await journey.audit.before(decision, asked)
        answer = await _ask(journey, request, chosen.candidate)
        tokens = answer.input_tokens
    except RouterdError as error:
        failure = error
        raise
    finally:
        outcome = _outcome(decision.id, chosen.candidate.name, began_s, tokens, failure)
        journal = Journal(decision, winner=None if failure else chosen)
        journey.permit.spending.settle(decision, outcome, asked)
        journey.audit.after(decision, outcome, asked, journal, traffic)
        journey.memory.remember(decision, outcome, facts_of(asked))
        if journey.watcher is not None:
            journey.watcher.answered(asked, decision, outcome)
    return answer


def _outcome(
    identity: str, model: str, began_s: float, tokens: int, failure: RouterdError | None
) -> Outcome:
    took_s, error = time.monotonic() - began_s, str(failure) if failure else ""
    kind = failure.kind if isinstance(failure, ProviderFailed) else None
    return Outcome(
        identity,
        "failed" if failure else "stop",
        (Attempt(model, began_s, took_s, failure=kind, error=error),),
        model=model,
        usage=Usage(tokens, 0),
        duration_s=took_s,
        success=0.0 if failure else 1.0,
        error=error,
    )


def _as_request(request: EmbeddingRequest) -> Request:
    """Return what the decision and the policy look at: the texts, as everywhere else."""
    return Request(
        messages=tuple(Message("user", (Text(text),)) for text in request.texts),
        requested_model=request.requested_model,
        wants_stream=False,
        client=request.client,
        embeds=True,
    )


async def _ask(
    journey: Journey, request: EmbeddingRequest, candidate: Candidate
) -> EmbeddingAnswer:
    provider = journey.catalogue.provider(candidate.provider)
    if not isinstance(provider, Embedder):
        raise ProviderFailed(f"{candidate.provider} can't embed", "rejected", retryable=False)
    limit_s = journey.timeouts.whole_answer_s + candidate.load_s
    try:
        with anyio.fail_after(limit_s):
            answer = await provider.embed(request, candidate)
    except TimeoutError:
        raise ProviderFailed(
            f"{candidate.name} did not finish within {limit_s:.0f} s", "timeout"
        ) from None
    if len(answer.vectors) != len(request.texts):
        raise ProviderFailed(
            f"{candidate.name} gave {len(answer.vectors)} vectors for {len(request.texts)} texts",
            "protocol",
        )
    return answer

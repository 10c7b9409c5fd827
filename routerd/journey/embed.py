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
from routerd.journey.attempts import Journal, nobody, resting
from routerd.journey.remember import facts_of
from routerd.journey.route import Journey
from routerd.policy import masking, scores


@runtime_checkable
class Embedder(Protocol):
    """A provider that can embed."""

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector for each text. Raises: ProviderFailed."""
        ...


async def embed(journey: Journey, request: EmbeddingRequest) -> EmbeddingAnswer:
    """Return the vectors; an answer and a failure are remembered.

    Raises: Paused, NotFound, NoCandidate, ProviderFailed.
    """
    journey.activity.admit()
    asked = _as_request(request)
    decision = await journey.decide(asked)
    facts = facts_of(asked)
    if decision.chosen is None:
        journey.memory.remember(decision, Outcome(decision.id, "failed"), facts)
        if not any(_embeds(e.candidate, decision) for e in decision.exclusions):
            raise NoCandidate(
                "No embedding model is available; `ollama pull nomic-embed-text`, `routerd pull` one "
                "as a GGUF file, or name a chat model of this machine."
            )
        failure = nobody(decision, journey.catalogue.engines)
        journey.activity.note_failure(failure, decision)
        raise failure
    candidate = decision.chosen.candidate
    if decision.screened == "mask" and candidate.leaves_machine:
        masked = masking.mask(asked, decision.findings).request
        request = replace(request, texts=tuple(message.text for message in masked.messages))
    answer = await _accounted(journey, decision, asked, request)
    return replace(answer, model=candidate.name)


def _embeds(candidate: Candidate, decision: Decision) -> bool:
    by_name = candidate.embeds_by_name and candidate.name == decision.pinned
    return candidate.capabilities.embeddings or by_name


async def _accounted(
    journey: Journey, decision: Decision, asked: Request, request: EmbeddingRequest
) -> EmbeddingAnswer:
    """Ask the chosen one; budgets, audit log and memory see it as they see an answer."""
    chosen = decision.ranked[0]
    began_s, tokens, answered = time.monotonic(), -1, False
    failure: RouterdError | None = None
    facts = facts_of(asked)
    journal = Journal(decision, asked=chosen)
    traffic = journey.audit.begin()
    entered = journey.catalogue.enter(chosen.candidate.name)
    journey.begin(asked, decision, journal)
    try:
        if not entered:
            raise resting(chosen.candidate)
        await journey.audit.before(decision, asked, facts)
        answer = await _ask(journey, request, chosen.candidate)
        tokens, answered = answer.input_tokens, True
    except RouterdError as error:
        failure = error
        raise
    finally:
        outcome = _outcome(decision, chosen.candidate, began_s, tokens, failure)
        journal.winner = None if failure else chosen
        if entered:
            journey.catalogue.report(chosen.candidate.name, ok=_well(answered, failure))
        journey.memory.remember(decision, outcome, facts)
        journey.audit.after(decision, outcome, asked, facts, journal, traffic)
        journey.end(asked, decision, outcome, journal, failure)
    await journey.settled()
    return answer


def _well(answered: bool, failure: RouterdError | None) -> bool | None:
    """Return what it says of the model's health; None where nothing: its request was at fault."""
    if isinstance(failure, ProviderFailed) and failure.kind != "rejected":
        return False
    return True if answered else None


def _outcome(
    decision: Decision,
    candidate: Candidate,
    began_s: float,
    tokens: int,
    failure: RouterdError | None,
) -> Outcome:
    # Some clouds count no tokens here; they are paid for all the same.
    counted = Usage(tokens if tokens >= 0 else decision.features.input_tokens, 0)
    took_s, error = time.monotonic() - began_s, str(failure) if failure else ""
    kind = failure.kind if isinstance(failure, ProviderFailed) else None
    return Outcome(
        decision.id,
        "failed" if failure else "stop",
        (Attempt(candidate.name, began_s, took_s, failure=kind, error=error),),
        model=candidate.name,
        usage=Usage(tokens, 0),
        cost_usd=0.0 if failure else scores.paid_usd(candidate.price, counted),
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

"""Decision and journal to Outcome: numbers and names, never the prompt."""

import hashlib
from typing import Any

from routerd.core.candidate import Price
from routerd.core.decision import Decision, Ranked
from routerd.core.errors import RouterdError
from routerd.core.outcome import Finish as Ending
from routerd.core.outcome import Outcome
from routerd.core.request import Request
from routerd.core.response import Usage
from routerd.journey.attempts import Journal
from routerd.policy import scores


def outcome_of(
    decision: Decision,
    journal: Journal,
    duration_s: float,
    error: RouterdError | None,
    baseline: Price | None = None,
) -> Outcome:
    """Return the outcome; without an error and without a finish the client went away.

    `baseline` is the price of the model that savings are measured against, None where unknown:
    it is taken to need the same tokens, as many of them cached. What only checks the plumbing saves
    nothing.
    """
    finish = journal.assembler.finish
    ending: Ending = "failed" if error else finish.reason if finish else "cancelled"
    usage = finish.usage if finish else Usage()
    winner = journal.winner
    cost = instead = 0.0
    if winner is not None and finish is not None:
        cost = scores.paid_usd(winner.candidate.price, usage)
        works = not winner.candidate.plumbing
        instead = scores.paid_usd(baseline, usage) if baseline and works else 0.0
    return Outcome(
        decision_id=decision.id,
        finish=ending,
        attempts=tuple(journal.attempts),
        model=winner.candidate.name if winner else "",
        usage=usage,
        cost_usd=cost,
        baseline_cost_usd=instead,
        ttft_s=journal.attempts[-1].ttft_s if journal.attempts else -1.0,
        duration_s=duration_s,
        success=_success(ending, journal),
        error=str(error) if error else "",
    )


def _success(ending: Ending, journal: Journal) -> float | None:
    """Return 1 for an answer without known faults, 0 for one with, None for nothing learnt."""
    if ending == "cancelled":
        return None
    answered = [a for a in journal.attempts if journal.winner and a.model == _name(journal.winner)]
    faults = bool(answered and answered[-1].faults)
    return 0.0 if ending == "failed" or faults else 1.0


def _name(entry: Ranked) -> str:
    return entry.candidate.name


def facts_of(request: Request) -> dict[str, Any]:
    """Return what may be kept of a request: who asked and a digest, not what was asked."""
    digest = hashlib.sha256()
    for message in request.messages:
        digest.update(message.text.encode("utf-8", "replace"))
    return {
        "session": request.session_key,
        "client": request.client,
        "workspace": request.workspace,
        "dialect": request.dialect,
        "digest": digest.hexdigest(),
    }

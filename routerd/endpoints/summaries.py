"""One decision as one row of a list: the same keys whether it comes from the file or as it happens."""

from collections.abc import Mapping
from typing import Any

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.core.request import Request


def begun(request: Request, decision: Decision, unix_s: float) -> dict[str, Any]:
    """Return the row of a request that is being answered; what only its end tells is None."""
    reading = decision.features.reading
    chosen = decision.chosen.candidate if decision.chosen else None
    return {
        "id": decision.id,
        "unix_s": unix_s,
        "client": request.client,
        "workspace": request.workspace,
        "session": request.session_key,
        "dialect": request.dialect,
        "requested_model": decision.requested_model,
        "task": reading.task,
        "task_confidence": reading.task_confidence,
        "complexity": reading.complexity,
        "language": reading.language,
        "chosen": chosen.name if chosen else "",
        "model": chosen.name if chosen else "",
        "zone": chosen.zone if chosen else "",
        "reason": decision.reason,
        "finish": None,
        "success": None,
        "ttft_s": None,
        "duration_s": None,
        "cost_usd": None,
        "baseline_cost_usd": None,
        "input_tokens": -1,
        "output_tokens": -1,
        "attempts": 0,
        "error": None,
    }


def ended(request: Request, decision: Decision, outcome: Outcome, unix_s: float) -> dict[str, Any]:
    """Return the row of a request that has ended."""
    named: Mapping[str, Candidate] = {e.candidate.name: e.candidate for e in decision.ranked}
    answered = named.get(outcome.model)
    return {
        **begun(request, decision, unix_s),
        "model": outcome.model or (decision.chosen.candidate.name if decision.chosen else ""),
        "zone": answered.zone if answered else "",
        "finish": outcome.finish,
        "success": outcome.success,
        "ttft_s": outcome.ttft_s,
        "duration_s": outcome.duration_s,
        "cost_usd": outcome.cost_usd,
        "baseline_cost_usd": outcome.baseline_cost_usd,
        "input_tokens": max(outcome.usage.input_tokens, -1),
        "output_tokens": max(outcome.usage.output_tokens, -1),
        "attempts": len(outcome.attempts),
        "error": outcome.error,
    }

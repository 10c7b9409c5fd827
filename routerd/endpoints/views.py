"""Core values as the JSON that clients, the command line and scripts read. Names here are stable."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.decision import Decision, Exclusion, Ranked
from routerd.core.features import Features, Reading
from routerd.core.outcome import Outcome
from routerd.policy import breakdown, counterfactuals


def capabilities(able: Capabilities) -> list[str]:
    """Return the names of what a model can do."""
    return [field.name for field in fields(able) if getattr(able, field.name)]


def reading(read: Reading, ms: float | None = None) -> dict[str, Any]:
    """Return the classifier's reading without its embedding."""
    view = {
        "task": read.task,
        "task_confidence": round(read.task_confidence, 4),
        "complexity": round(read.complexity, 4),
        "language": read.language,
    }
    return view if ms is None else {**view, "ms": round(ms, 3)}


def features(seen: Features) -> dict[str, Any]:
    """Return the features; of the neighbours only how many there were and whose."""
    return {
        **reading(seen.reading),
        "input_tokens": seen.input_tokens,
        "needs": asdict(seen.needs),
        "latency_class": seen.latency_class,
        "neighbours": [asdict(neighbour) for neighbour in seen.neighbours],
        "understand_ms": round(seen.understand_ms, 3),
    }


def _facts(candidate: Candidate) -> dict[str, Any]:
    return {
        "model": candidate.name,
        "zone": candidate.zone,
        "context_tokens": candidate.context_tokens,
        "capabilities": capabilities(candidate.capabilities),
        "warm": candidate.warm,
        "parameters_b": candidate.parameters_b,
        "health": round(candidate.health, 4),
        "plumbing": candidate.plumbing,
    }


def _ranked(entry: Ranked) -> dict[str, Any]:
    return {
        **_facts(entry.candidate),
        "total": round(entry.total, 6),
        "terms": {name: round(value, 6) for name, value in asdict(entry.terms).items()},
        "p_success": round(entry.p_success, 6),
        "above_floor": entry.above_floor,
        "expected_cost_usd": entry.expected_cost_usd,
        "expected_seconds": round(entry.expected_seconds, 3),
        "notes": list(entry.notes),
    }


def _excluded(exclusion: Exclusion) -> dict[str, Any]:
    return {
        **_facts(exclusion.candidate),
        "rule": exclusion.rule,
        "reason": exclusion.reason,
    }


def decision(made: Decision) -> dict[str, Any]:
    """Return a Decision with every candidate, term and exclusion."""
    chosen = made.chosen
    return {
        "id": made.id,
        "chosen": chosen.candidate.name if chosen else None,
        "reason": made.reason,
        "requested_model": made.requested_model,
        "pinned": made.pinned or None,
        "baseline": made.baseline or None,
        "profile": made.profile,
        "weights": {name: round(value, 6) for name, value in asdict(made.weights).items()},
        "floor": round(made.floor, 6),
        "features": features(made.features),
        "candidates": [_ranked(entry) for entry in made.ranked],
        "exclusions": [_excluded(exclusion) for exclusion in made.exclusions],
        "decide_ms": round(made.decide_ms, 3),
        "session": asdict(made.hold),
        "explored": made.explored or None,
        "policy_rules": list(made.policy_rules),
        "screened": made.screened or None,
        "findings": [
            {"kind": f.kind, "detector": f.detector, "message": f.message} for f in made.findings
        ],
    }


def explained(made: Decision) -> dict[str, Any]:
    """Return a Decision with where its numbers come from and what would have changed it.

    As `decision`, and each candidate has `sources`; `explanation` holds the parts of the difficulty,
    the nearest rival, and the nearest worlds in which another had been chosen.
    """
    view = decision(made)
    past = breakdown.past_of(made)
    for shown, entry in zip(view["candidates"], made.ranked, strict=True):
        shown["sources"] = _numbers(asdict(breakdown.sources_of(made, entry, past)))
    rival = counterfactuals.rival_of(made)
    view["explanation"] = {
        "difficulty": _numbers(asdict(breakdown.difficulty_of(made))),
        "rival": _numbers(asdict(rival)) if rival else None,
        "changes": [_numbers(asdict(change)) for change in counterfactuals.changes_of(made)],
    }
    return view


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with numbers rounded; what is none (an engine's fault) is null in JSON."""
    return {key: _number(value) for key, value in values.items()}


def _number(value: Any) -> Any:
    if isinstance(value, dict):
        return _numbers(value)
    if not isinstance(value, float):
        return value
    return round(value, 6) if math.isfinite(value) else None


def why(made: Decision, outcome: Outcome | None, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a past decision with what came of it; see `explained`."""
    view = explained(made)
    view["outcome"] = asdict(outcome) if outcome else None
    view["facts"] = dict(facts)
    return view

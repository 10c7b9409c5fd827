"""One decision as a picture: bars of the five terms, who was left out, and where the time went."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision, Ranked
from routerd.core.outcome import Attempt, Outcome

MOST_CANDIDATES = 24
TERMS = ("complexity", "history", "cost", "latency", "availability")


@dataclass(frozen=True, slots=True)
class Part:
    """One term's share of a bar: the term's value, its weight, and where it lies, 0..100."""

    term: str
    value: float
    weight: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the waterfall: where it lies and how long it is, 0..100, and its seconds.

    `kind`: understand, decide, wait, load, first, stream, failed. `guessed`: not measured.
    """

    label: str
    kind: str
    x: float
    width: float
    seconds: float
    guessed: bool = False


def parts(entry: Ranked, weights: Mapping[str, float]) -> list[Part]:
    """Return the parts of a candidate's bar; all of them together are its total, of 1."""
    whole = sum(weights.values()) or 1.0
    found, x = [], 0.0
    for term in TERMS:
        value, weight = float(getattr(entry.terms, term)), weights[term] / whole
        width = 100.0 * weight * value
        found.append(Part(term, value, weight, round(x, 3), round(width, 3)))
        x += width
    return found


def left_out(decision: Decision) -> list[dict[str, Any]]:
    """Return the exclusions, those with one and the same reason together."""
    found: dict[tuple[str, str], list[Candidate]] = {}
    for exclusion in decision.exclusions:
        found.setdefault((exclusion.rule, exclusion.reason), []).append(exclusion.candidate)
    return [
        {"rule": rule, "reason": reason, "models": models}
        for (rule, reason), models in found.items()
    ]


def waterfall(decision: Decision, outcome: Outcome | None) -> list[Step]:
    """Return where the time went, from the request's arrival to the end of the answer."""
    understand_s, decide_s = decision.features.understand_ms / 1e3, decision.decide_ms / 1e3
    lines = [
        ("Understand", "understand", 0.0, understand_s, False),
        ("Decide", "decide", understand_s, decide_s, False),
    ]
    attempts = outcome.attempts if outcome else ()
    total_s = max(understand_s + decide_s, outcome.duration_s if outcome else 0.0)
    if attempts:
        # Attempts are on the monotonic clock; the answer ended with the last of them.
        ends_s = max(attempt.started_s + attempt.duration_s for attempt in attempts)
        named = {entry.candidate.name: entry.candidate for entry in decision.ranked}
        for number, attempt in enumerate(attempts, 1):
            began_s = max(understand_s, total_s - (ends_s - attempt.started_s))
            prefix = f"{number}. " if len(attempts) > 1 else ""
            lines += _attempt(attempt, named.get(attempt.model), began_s, prefix)
    scale = 100.0 / total_s if total_s > 0 else 0.0
    return [
        Step(label, kind, round(x * scale, 3), round(max(width * scale, 0.35), 3), width, guess)
        for label, kind, x, width, guess in lines
    ]


def _attempt(
    attempt: Attempt, candidate: Candidate | None, began_s: float, prefix: str
) -> list[tuple[str, str, float, float, bool]]:
    if attempt.failure is not None and attempt.ttft_s < 0:
        return [(f"{prefix}Failed", "failed", began_s, attempt.duration_s, False)]
    first_s = attempt.ttft_s if attempt.ttft_s >= 0 else attempt.duration_s
    lines = []
    load_s = 0.0
    if candidate is not None and not candidate.warm and candidate.load_s > 0:
        # An engine says when the first word came, not when loading ended: what it usually takes.
        load_s = min(candidate.load_s, 0.9 * first_s)
        lines.append((f"{prefix}Load", "load", began_s, load_s, True))
    lines.append((f"{prefix}First byte", "first", began_s + load_s, first_s - load_s, False))
    rest_s = max(0.0, attempt.duration_s - first_s)
    kind = "failed" if attempt.failure else "stream"
    if rest_s > 0.0005 or kind == "failed":
        label = f"{prefix}Broke off" if attempt.failure else f"{prefix}Stream"
        lines.append((label, kind, began_s + first_s, rest_s, False))
    return lines


def explained(
    decision: Decision, outcome: Outcome | None, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the template of one decision draws."""
    weights = asdict(decision.weights)
    shown = decision.ranked[:MOST_CANDIDATES]
    found = Counter((f.kind, f.detector) for f in decision.findings)
    return {
        "decision": decision,
        "outcome": outcome,
        "facts": facts,
        "weights": weights,
        "whole": sum(weights.values()) or 1.0,
        "candidates": [
            {"entry": entry, "parts": parts(entry, weights), "answered": _answered(entry, outcome)}
            for entry in shown
        ],
        "more": len(decision.ranked) - len(shown),
        "left_out": left_out(decision),
        "steps": waterfall(decision, outcome),
        "findings": [
            {"kind": kind, "detector": detector, "times": times}
            for (kind, detector), times in found.items()
        ],
        "needs": _needs(decision),
        "near": _near(decision),
    }


def _answered(entry: Ranked, outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.model == entry.candidate.name


def _needs(decision: Decision) -> list[str]:
    needs = decision.features.needs
    named = {
        "tools": needs.tools,
        "vision": needs.vision,
        "JSON schema": needs.json_schema,
        "fill-in-the-middle": needs.fim,
        "embeddings": needs.embeds,
    }
    return [name for name, wanted in named.items() if wanted]


def _near(decision: Decision) -> list[Mapping[str, Any]]:
    """Return by model how many similar past tasks it had, and how well it did on them."""
    by_model: dict[str, list[float]] = {}
    for neighbour in decision.features.neighbours:
        by_model.setdefault(neighbour.model, []).append(neighbour.success)
    rows: Sequence[Mapping[str, Any]] = [
        {"model": model, "times": len(values), "share": sum(values) / len(values)}
        for model, values in by_model.items()
    ]
    return sorted(rows, key=lambda row: (-row["times"], row["model"]))

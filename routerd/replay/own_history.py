"""One's own past decisions under other profiles: what would they have cost, how good been. Pure.

The same ranking code weighs the terms that were recorded then. What another model's answer would
have been nobody knows: its quality is the chance it was given, its cost that of the tokens that
the real answer took.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routerd.core.config import Profile
from routerd.core.decision import Decision, Ranked
from routerd.core.outcome import Outcome
from routerd.policy import decide, scores

Past = tuple[Decision, Outcome | None, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sum:
    """Requests decided one way: cost in US dollars, mean chance of success, and what changed."""

    requests: int = 0
    cost_usd: float = 0.0
    p_success: float = 0.0
    on_device: int = 0
    changed: int = 0

    def plus(self, entry: Ranked, cost_usd: float, *, changed: bool) -> "Sum":
        """Return the sum with one more request."""
        count = self.requests + 1
        return Sum(
            count,
            self.cost_usd + cost_usd,
            self.p_success + (entry.p_success - self.p_success) / count,
            self.on_device + (not entry.candidate.leaves_machine),
            self.changed + changed,
        )


def replay(pasts: Sequence[Past], profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """Return the report as JSON values.

    Only requests that somebody answered count. `as_it_was`: those who did answer; `always_best`
    and `always_cheapest`: by the chances and costs recorded then.
    """
    ways: dict[str, Sum] = dict.fromkeys(("as_it_was", *profiles, "always_best", "cheapest"), Sum())
    for decision, outcome, _ in pasts:
        winner = _winner(decision, outcome)
        if winner is None or outcome is None:
            continue
        picks = {"as_it_was": winner, **dict(_by_profile(decision, winner, profiles))}
        picks["always_best"] = max(decision.ranked, key=lambda e: (e.p_success, e.candidate.name))
        picks["cheapest"] = min(
            decision.ranked, key=lambda e: (_cost(e, outcome), -e.p_success, e.candidate.name)
        )
        for name, entry in picks.items():
            changed = entry.candidate.name != winner.candidate.name
            ways[name] = ways[name].plus(entry, _cost(entry, outcome), changed=changed)
    return {"looked_at": len(pasts), "ways": {name: _view(way) for name, way in ways.items()}}


def _winner(decision: Decision, outcome: Outcome | None) -> Ranked | None:
    if outcome is None or not outcome.model:
        return None
    return next((e for e in decision.ranked if e.candidate.name == outcome.model), None)


def _by_profile(
    decision: Decision, winner: Ranked, profiles: Mapping[str, Profile]
) -> Iterable[tuple[str, Ranked]]:
    for name, profile in profiles.items():
        if decision.pinned or decision.hold.bound:
            yield name, winner  # no profile could have changed it
        else:
            weights = decide.normalised(profile.weights)
            yield name, decide.first(decision.ranked, weights, profile.floor)


def _cost(entry: Ranked, outcome: Outcome) -> float:
    """Return what the request would have cost there; counted tokens go before expected ones."""
    usage = outcome.usage
    if usage.input_tokens < 0 or usage.output_tokens < 0:
        return entry.expected_cost_usd
    return scores.expected_cost_usd(entry.candidate, usage.input_tokens, usage.output_tokens)


def _view(way: Sum) -> dict[str, Any]:
    return {
        "requests": way.requests,
        "cost_usd": way.cost_usd,
        "p_success": way.p_success,
        "on_device": way.on_device,
        "other_model": way.changed,
    }

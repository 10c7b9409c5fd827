"""Asks a model that little is known of now and then, where nothing is at stake. Pure.

A model that was unlucky early is never asked again by a router that only exploits, so its bad name
outlives its cause. A small share of requests goes to whoever might be better than the first in rank, by
the upper end of what is known of it. Only where all of this holds:

    the request       has `auto` or no known name, is easy and no editor's completion, has no tools and
                      no findings, and no model holds its conversation yet
    the candidate     is above the quality floor, costs no more, leaves this machine only where the first
                      does too, and is not seconds slower
    the decision      says so: `Decision.explored`

Which requests: those whose decision id falls below the share, so that the same decision is made
again from the same id.
"""

import hashlib
import math
from dataclasses import replace

from routerd.core.decision import Decision, Ranked
from routerd.policy.odds import K, sigmoid

# Complexity up to which a request counts as easy.
EASY = 0.45
# Seconds that the answer may take longer.
PATIENCE_S = 2.0
# Answers after which a model's uncertainty is half of what it is by name alone.
HALVED_AFTER = 10.0
# Standard deviations above the mean that are hoped for.
HOPE = 1.0


def settle(decision: Decision, share: float) -> Decision:
    """Return the decision, with another model first where this request explores; `share` 0..1."""
    if not may_explore(decision) or draw(decision.id) >= share:
        return decision
    first = decision.ranked[0]
    hopeful = [entry for entry in decision.ranked[1:] if _may_stand_in(entry, first)]
    best = max(hopeful, key=lambda entry: hoped(entry, decision), default=None)
    if best is None or hoped(best, decision) <= first.p_success:
        return decision
    why = (
        f"{best.candidate.name} instead of {first.candidate.name}: p(success) "
        f"{best.p_success:.2f} is little known and may be {hoped(best, decision):.2f}"
    )
    rest = tuple(entry for entry in decision.ranked if entry is not best)
    return replace(decision, ranked=(best, *rest), explored=why)


def may_explore(decision: Decision) -> bool:
    """Whether the request has nothing at stake: see the module."""
    needs, reading = decision.features.needs, decision.features.reading
    asked = decision.requested_model.partition(":")
    return (
        len(decision.ranked) > 1
        and decision.hold.action in ("", "first")
        and not decision.pinned
        and not (asked[0] == "auto" and asked[2])
        and decision.profile != "best"
        and not decision.findings
        and not decision.features.sensitivity
        and not (needs.tools or needs.json_schema or needs.vision or needs.embeds)
        and decision.features.latency_class != "completion"
        and reading.complexity <= EASY
    )


def draw(identity: str) -> float:
    """Return a number of 0..1 that belongs to a decision's id."""
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def hoped(entry: Ranked, decision: Decision) -> float:
    """Return P(success) at the upper end of what is known of a model, 0..1."""
    belief = decision.features.beliefs.get(entry.candidate.name)
    answers = belief.weight if belief is not None else 0.0
    sd = max(0.0, entry.candidate.ability_sd) * math.sqrt(
        HALVED_AFTER / (HALVED_AFTER + 3.0 * max(0.0, answers))
    )
    p = min(0.999, max(0.001, entry.p_success))
    return sigmoid(math.log(p / (1.0 - p)) + K * HOPE * min(sd, 3.0))


def _may_stand_in(entry: Ranked, first: Ranked) -> bool:
    return (
        entry.above_floor
        and entry.expected_cost_usd <= first.expected_cost_usd
        and (first.candidate.leaves_machine or not entry.candidate.leaves_machine)
        and entry.expected_seconds <= first.expected_seconds + PATIENCE_S
        and not entry.candidate.plumbing
    )

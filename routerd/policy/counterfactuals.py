"""What would have changed a choice: the nearest rival, and the nearest worlds in which it had won.

Pure. A world is the decision's own with one thing changed; it is weighed by the functions that
`decide` weighs with, so that what is said here is what would have happened.
"""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Literal

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision, Ranked, Terms
from routerd.core.features import Features
from routerd.policy import breakdown, evidence, scores
from routerd.policy.decide import appraise, first, rank

Kind = Literal[
    "weight", "floor", "complexity", "admission", "conversation", "residency", "exploration"
]
Bound = Literal["", "or more", "or less"]
TERMS = tuple(field.name for field in fields(Terms))
# Beyond this share of the whole a weight says "count nothing else", which nobody means.
MOST_SHARE = 0.9
STEP = 0.05
_HALVINGS = 4
# Reasons that a person or time can lift; a model that makes no answers stays one.
LIFTABLE = frozenset(
    {"usable", "offline", "local-only", "policy", "screening", "capability", "context", "circuit",
     "budget", "native"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rival:
    """The best of the others by score. `behind` is how much its total is lower, `by_term` the
    weighted terms' share of that (negative where the rival is ahead); `above_floor` as in Ranked.
    """

    model: str
    behind: float
    by_term: Terms
    above_floor: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that, had it been so, would have put `winner` first.

    `what` is the weight's name, the rule that kept the winner out, or why the score did not decide.
    `now` is the value there is, `at` where the choice changes, in the direction of `bound`; for an
    admission both are totals: the choice's, and the winner's.
    """

    kind: Kind
    what: str
    winner: str
    now: float = 0.0
    at: float = 0.0
    bound: Bound = ""


def by_score(decision: Decision) -> tuple[Ranked, ...]:
    """Return the ranking as the scores alone make it."""
    return tuple(
        sorted(decision.ranked, key=lambda e: (not e.above_floor, -e.total, e.candidate.name))
    )


def rival_of(decision: Decision) -> Rival | None:
    """Return the best of the others, None where there is none."""
    others = [entry for entry in by_score(decision) if entry is not decision.chosen]
    if decision.chosen is None or not others:
        return None
    chosen, rival = decision.chosen, others[0]
    shares = (
        weight * (own - other)
        for weight, own, other in zip(
            astuple(decision.weights), astuple(chosen.terms), astuple(rival.terms), strict=True
        )
    )
    behind = chosen.total - rival.total
    return Rival(rival.candidate.name, behind, Terms(*shares), rival.above_floor)


def changes_of(decision: Decision) -> tuple[Change, ...]:
    """Return what would have changed the choice; () where nobody was chosen or a pin decided."""
    if decision.chosen is None or decision.pinned:
        return ()
    best = by_score(decision)[0]
    overruled = _overruled(decision, best)
    return (
        *overruled,
        *_weights(decision),
        *_floors(decision),
        *_complexities(decision),
        *_admissions(decision, best),
    )


def _overruled(decision: Decision, best: Ranked) -> tuple[Change, ...]:
    """Where another than the best by score was chosen, say what stood before the score."""
    chosen = decision.chosen
    if chosen is None or chosen is best:
        return ()
    kept = next((note for note in chosen.notes if note.startswith("stays loaded")), "")
    held = decision.hold.action not in ("", "first")
    kind: Kind = "residency" if kept and not held else "conversation"
    what = kept if kind == "residency" else decision.hold.because
    if decision.explored:
        kind, what = "exploration", decision.explored
    return (Change(kind, what, best.candidate.name, chosen.total, best.total),)


def _weights(decision: Decision) -> tuple[Change, ...]:
    """Return, for each weight and direction, the first value at which another leads.

    The other weights stay as they are (they need not sum to one), so totals are straight lines in
    the one weight, and the first to cross the leader's is the next leader.
    """
    ranked = [entry for entry in by_score(decision) if entry.above_floor]
    if len(ranked) < 2:
        return ()
    found = []
    for at, name in enumerate(TERMS):
        now = astuple(decision.weights)[at]
        crossings = [_crossing(ranked[0], other, at, now) for other in ranked[1:]]
        most = MOST_SHARE * (1.0 - now) / (1.0 - MOST_SHARE)
        up = [(x, model) for x, model in crossings if now < x <= most]
        down = [(x, model) for x, model in crossings if 0.0 <= x < now]
        if up:
            x, model = min(up)
            found.append(Change("weight", name, model, now, x, "or more"))
        if down:
            x, model = max(down)
            found.append(Change("weight", name, model, now, x, "or less"))
    return tuple(found)


def _crossing(leader: Ranked, other: Ranked, at: int, now: float) -> tuple[float, str]:
    """Return (value of this weight at which `other` draws level, its name); -1 for never."""
    ahead = astuple(other.terms)[at] - astuple(leader.terms)[at]
    value = now + (leader.total - other.total) / ahead if abs(ahead) > 1e-9 else -1.0
    return value, other.candidate.name


def _floors(decision: Decision) -> tuple[Change, ...]:
    """Return where a lower floor lets a better score in, and a higher one takes the leader out."""
    most = max(entry.p_success for entry in decision.ranked)
    if most <= 0.0:
        return ()
    found = []
    leader = by_score(decision)[0]
    shares = [(e.p_success / most, e.candidate.name, e) for e in decision.ranked]
    better = [s for s in shares if not s[2].above_floor and s[2].total > leader.total]
    if better:
        at, model, _ = max(better, key=lambda share: share[:2])
        found.append(Change("floor", "quality floor", model, decision.floor, at, "or less"))
    own = leader.p_success / most
    stricter = [s[2] for s in shares if s[0] > own]
    if stricter and own < 1.0 and leader.above_floor:
        winner = min(stricter, key=lambda e: (-e.total, e.candidate.name)).candidate.name
        found.append(Change("floor", "quality floor", winner, decision.floor, own, "or more"))
    return tuple(found)


def _complexities(decision: Decision) -> tuple[Change, ...]:
    """Return the nearest complexity, up and down, at which another would have led."""
    now = decision.features.reading.complexity
    if len(decision.ranked) < 2 or not 0.0 <= now <= 1.0:
        return ()
    leader = by_score(decision)[0].candidate.name
    found = []
    directions: tuple[tuple[float, Bound], ...] = ((STEP, "or more"), (-STEP, "or less"))
    for step, bound in directions:
        at = _nearest(lambda value: _leader_at(decision, value), leader, now, step)
        if at is not None:
            winner = _leader_at(decision, at)
            found.append(Change("complexity", "complexity", winner, now, at, bound))
    return tuple(found)


def _nearest(
    leader_at: Callable[[float], str], leader: str, now: float, step: float
) -> float | None:
    """Walk from `now` by `step` to the end of 0..1; return where another leads first."""
    last, value = now, now
    end = 1.0 if step > 0 else 0.0
    while value != end:
        value = min(1.0, max(0.0, last + step))
        if leader_at(value) != leader:
            for _ in range(_HALVINGS):
                middle = (last + value) / 2
                last, value = (last, middle) if leader_at(middle) != leader else (middle, value)
            return value
        last = value
    return None


def _leader_at(decision: Decision, complexity: float) -> str:
    """Return who would have led with that complexity; cost, time and health stay as they were."""
    reading = replace(decision.features.reading, complexity=complexity)
    world = replace(decision, features=replace(decision.features, reading=reading))
    past = breakdown.past_of(world)
    entries = [_again(entry, world.features, past) for entry in decision.ranked]
    return first(entries, decision.weights, decision.floor).candidate.name


def _again(entry: Ranked, features: Features, past: evidence.Evidence) -> Ranked:
    candidate = entry.candidate
    prior = scores.fit(candidate, features, past.shift)
    p_success = scores.history(past.of(candidate.name), prior)
    terms = replace(entry.terms, complexity=scores.fit(candidate, features), history=p_success)
    return replace(entry, terms=terms, p_success=p_success)


def _admissions(decision: Decision, best: Ranked) -> tuple[Change, ...]:
    """Return, for each rule that kept somebody out who would have led, the best of those."""
    found: dict[str, Change] = {}
    admitted = [entry.candidate for entry in decision.ranked]
    for exclusion in decision.exclusions:
        if exclusion.rule not in LIFTABLE or exclusion.candidate.plumbing:
            continue
        leader, now = _with(decision, admitted, exclusion.candidate, best)
        if leader.candidate.name != exclusion.candidate.name:
            continue
        before = found.get(exclusion.rule)
        if before is None or leader.total > before.at:
            name = leader.candidate.name
            found[exclusion.rule] = Change("admission", exclusion.rule, name, now, leader.total)
    return tuple(found.values())


def _with(
    decision: Decision, admitted: Sequence[Candidate], newcomer: Candidate, best: Ranked
) -> tuple[Ranked, float]:
    """Return who leads once `newcomer` may answer, too, and what the best has then."""
    bound = decision.output_bound or None
    output = scores.expected_output_tokens(decision.features, bound)
    able = replace(newcomer, usable=True, circuit_open=False)
    appraised = appraise([*admitted, able], decision.features, output, bound)
    ranked = rank(appraised, decision.weights, decision.floor)
    same = (e.total for e in ranked if e.candidate.name == best.candidate.name)
    return ranked[0], next(same, best.total)

"""Rules and scores make a Decision: pure, the same for live requests, `route` and replay."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from routerd.core.candidate import Candidate
from routerd.core.config import Profile, Weights
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.features import Features
from routerd.policy import evidence, residency, rules, scores, wish
from routerd.policy.ruling import Ruling


@dataclass(frozen=True, slots=True)
class Stance:
    """What the user set: weights, profiles and switches. `profiles` holds the user's own.

    `explore`: see `policy.explore`.
    """

    profile: str = "balanced"
    weights: Weights | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    offline: bool = False
    strict_models: bool = False
    baseline: str = ""
    explore: float = 0.0

    def resolve(self, name: str) -> tuple[str, Profile]:
        """Return the profile in force; explicit `[weights]` go over a built-in profile's own.

        Weights that are the defaults count as not set: a built-in profile then keeps its own.
        """
        key = name or self.profile
        if key in self.profiles:
            return key, self.profiles[key]
        built_in = wish.BUILT_IN_PROFILES.get(key, wish.BUILT_IN_PROFILES["balanced"])
        if self.weights not in (None, Weights()) and not name:
            return key, replace(built_in, weights=self.weights)
        return key, built_in


def normalised(weights: Weights) -> Terms:
    """Return weights that sum to one; all zero, or one beyond all bounds, means all equal."""
    values = [
        max(0.0, value)
        for value in (
            weights.complexity,
            weights.history,
            weights.cost,
            weights.latency,
            weights.availability,
        )
    ]
    total = sum(values)
    if not 0.0 < total < math.inf:
        return Terms(*([0.2] * 5))
    return Terms(*(value / total for value in values))


def decide(
    identity: str,
    features: Features,
    candidates: Sequence[Candidate],
    stance: Stance,
    *,
    requested_model: str = "auto",
    max_output_tokens: int | None = None,
    ruling: Ruling | None = None,
) -> Decision:
    """Return the decision over all `candidates`; nobody is asked, nothing is changed.

    `ruling` is what the user's policy says of this request.

    Raises: NotFound for an unknown model name when `stance.strict_models`.
    """
    wanted = wish.read(requested_model, candidates, strict=stance.strict_models)
    name, profile = stance.resolve(wanted.profile)
    now = rules.Circumstances(
        features=features,
        offline=stance.offline,
        local_only=wanted.local_only,
        pinned=wanted.pinned,
        real_model_found=any(map(_answers_for_work, candidates)),
        ruling=ruling,
        max_output_tokens=max_output_tokens,
    )
    admitted, exclusions = _sifted(candidates, now)
    weights = normalised(profile.weights)
    output = scores.expected_output_tokens(features, max_output_tokens)
    appraised = appraise(admitted, features, output, max_output_tokens)
    floor = _floor(profile, ruling)
    return Decision(
        id=identity,
        features=features,
        ranked=residency.keep_resident(rank(appraised, weights, floor)),
        exclusions=exclusions,
        weights=weights,
        profile=name,
        requested_model=requested_model,
        baseline=wanted.baseline or stance.baseline,
        pinned=wanted.pinned,
        floor=floor,
        output_bound=max_output_tokens or 0,
        **_under(ruling),
    )


def _sifted(
    candidates: Sequence[Candidate], now: rules.Circumstances
) -> tuple[list[Candidate], tuple[Exclusion, ...]]:
    """Return those that may answer, and the others with the rule that says no."""
    refusals = [(candidate, rules.first_refusal(candidate, now)) for candidate in candidates]
    return (
        [candidate for candidate, refusal in refusals if refusal is None],
        tuple(Exclusion(candidate, *refusal) for candidate, refusal in refusals if refusal),
    )


def _answers_for_work(candidate: Candidate) -> bool:
    return candidate.usable and not candidate.plumbing and not candidate.capabilities.embeddings


def _under(ruling: Ruling | None) -> dict[str, Any]:
    """Return what the policy adds to a decision."""
    if ruling is None:
        return {}
    screened = ruling.screened if ruling.findings else ""
    return {"policy_rules": ruling.ids, "findings": ruling.findings, "screened": screened}


def _floor(profile: Profile, ruling: Ruling | None) -> float:
    return max(profile.floor, ruling.floor) if ruling else profile.floor


def appraise(
    candidates: Sequence[Candidate],
    features: Features,
    output_tokens: int,
    bound: int | None = None,
) -> tuple[Ranked, ...]:
    """Return each candidate with its five terms, in the order given; weights play no part yet.

    `bound` is the client's on the answer, in tokens.
    """
    past = evidence.gather(
        features.neighbours,
        {candidate.name: scores.ability(candidate, features) for candidate in candidates},
        scores.difficulty(features),
        features.beliefs,
    )
    lengths = [scores.tokens_of(c, features, output_tokens, bound) for c in candidates]
    costs = [
        scores.expected_cost_usd(candidate, features.input_tokens, length)
        for candidate, length in zip(candidates, lengths, strict=True)
    ]
    dearest = max(costs, default=0.0)
    return tuple(
        _terms(candidate, features, past, usd, dearest, length)
        for candidate, usd, length in zip(candidates, costs, lengths, strict=True)
    )


def rank(appraised: Sequence[Ranked], weights: Terms, floor: float) -> tuple[Ranked, ...]:
    """Return the candidates best first: those above the quality floor by total, then the rest."""
    places = sorted(_places(appraised, weights, floor))
    return tuple(
        replace(appraised[at], total=-lacking, above_floor=not below)
        for below, lacking, _, at in places
    )


def first(appraised: Sequence[Ranked], weights: Terms, floor: float) -> Ranked:
    """Return the one that `rank` puts first, as it was appraised. Raises: ValueError for nobody."""
    return appraised[min(_places(appraised, weights, floor))[3]]


def _places(
    appraised: Sequence[Ranked], weights: Terms, floor: float
) -> Iterator[tuple[bool, float, str, int]]:
    """Yield (below the floor, minus its total, name, place in `appraised`): least is first.

    The name breaks ties, so that the same world always gives the same decision.
    """
    least = floor * max((entry.p_success for entry in appraised), default=0.0)
    for at, entry in enumerate(appraised):
        total = weighed(entry.terms, weights)
        yield entry.p_success < least, -total, entry.candidate.name, at


def weighed(terms: Terms, weights: Terms) -> float:
    """Return the score: the terms by their weights."""
    return (
        weights.complexity * terms.complexity
        + weights.history * terms.history
        + weights.cost * terms.cost
        + weights.latency * terms.latency
        + weights.availability * terms.availability
    )


def _terms(
    candidate: Candidate,
    features: Features,
    past: evidence.Evidence,
    usd: float,
    dearest_usd: float,
    output_tokens: int,
) -> Ranked:
    own = past.of(candidate.name)
    p_success = scores.history(own, scores.fit(candidate, features, past.shift))
    seconds = scores.expected_seconds(candidate, features.input_tokens, output_tokens)
    terms = Terms(
        complexity=scores.fit(candidate, features),
        history=p_success,
        cost=scores.cost(usd, dearest_usd),
        latency=scores.latency(seconds, features.latency_class),
        availability=scores.availability(candidate),
    )
    harder = f" ({past.shift:+.2f} by similar past tasks)" if past.shift else ""
    if features.harder:
        harder = f" ({features.harder:+.2f} by what was learnt of such tasks){harder}"
    belief = features.beliefs.get(candidate.name)
    learnt = f" ({belief.shift:+.2f} by {belief.weight:.0f} answers)" if belief else ""
    notes = (
        f"ability {scores.ability(candidate, features):.2f}{learnt} "
        f"against difficulty {scores.difficulty(features):.2f}{harder}",
        f"{own.count} similar past tasks" if own.count else "no similar past task yet",
        "free" if usd == 0 else f"about ${usd:.4f}",
        f"about {seconds:.1f} s, {'warm' if candidate.warm else 'cold'}",
    )
    return Ranked(candidate, terms, 0.0, p_success, usd, seconds, notes=notes)

"""Rules and scores make a Decision: pure, the same for live requests, `route` and replay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from routerd.core.candidate import Candidate
from routerd.core.config import Profile, Weights
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.features import Features
from routerd.policy import rules, scores, wish


@dataclass(frozen=True, slots=True)
class Stance:
    """What the user set: weights, profiles and switches. `profiles` holds the user's own."""

    profile: str = "balanced"
    weights: Weights | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    offline: bool = False
    strict_models: bool = False
    baseline: str = ""

    def resolve(self, name: str) -> tuple[str, Profile]:
        """Return the profile in force; explicit `[weights]` go over a built-in profile's own."""
        key = name or self.profile
        if key in self.profiles:
            return key, self.profiles[key]
        built_in = wish.BUILT_IN_PROFILES.get(key, wish.BUILT_IN_PROFILES["balanced"])
        if self.weights is not None and not name:
            return key, replace(built_in, weights=self.weights)
        return key, built_in


def normalised(weights: Weights) -> Terms:
    """Return weights that sum to one; all zero means all equal."""
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
    return Terms(*(value / total for value in values)) if total > 0 else Terms(*([0.2] * 5))


def decide(
    identity: str,
    features: Features,
    candidates: Sequence[Candidate],
    stance: Stance,
    *,
    requested_model: str = "auto",
    max_output_tokens: int | None = None,
) -> Decision:
    """Return the decision over all `candidates`; nobody is asked, nothing is changed.

    Raises: NotFound for an unknown model name when `stance.strict_models`.
    """
    wanted = wish.read(requested_model, candidates, strict=stance.strict_models)
    name, profile = stance.resolve(wanted.profile)
    now = rules.Circumstances(
        features=features,
        offline=stance.offline,
        local_only=wanted.local_only,
        pinned=wanted.pinned,
        real_model_found=any(c.usable and not c.plumbing for c in candidates),
    )
    admitted, exclusions = [], []
    for candidate in candidates:
        refusal = rules.first_refusal(candidate, now)
        if refusal is None:
            admitted.append(candidate)
        else:
            exclusions.append(Exclusion(candidate, *refusal))
    weights = normalised(profile.weights)
    output = scores.expected_output_tokens(features, max_output_tokens)
    return Decision(
        id=identity,
        features=features,
        ranked=_rank(admitted, features, weights, profile.floor, output),
        exclusions=tuple(exclusions),
        weights=weights,
        profile=name,
        requested_model=requested_model,
        baseline=wanted.baseline or stance.baseline,
        pinned=wanted.pinned,
    )


def _rank(
    admitted: Sequence[Candidate],
    features: Features,
    weights: Terms,
    floor: float,
    output_tokens: int,
) -> tuple[Ranked, ...]:
    costs = [
        scores.expected_cost_usd(candidate, features.input_tokens, output_tokens)
        for candidate in admitted
    ]
    dearest = max(costs, default=0.0)
    ranked = [
        _score(candidate, features, weights, usd, dearest, output_tokens)
        for candidate, usd in zip(admitted, costs, strict=True)
    ]
    best = max((entry.p_success for entry in ranked), default=0.0)
    marked = [replace(entry, above_floor=entry.p_success >= floor * best) for entry in ranked]
    # The name breaks ties, so that the same world always gives the same decision.
    marked.sort(key=lambda entry: (not entry.above_floor, -entry.total, entry.candidate.name))
    return tuple(marked)


def _score(
    candidate: Candidate,
    features: Features,
    weights: Terms,
    usd: float,
    dearest_usd: float,
    output_tokens: int,
) -> Ranked:
    fit = scores.fit(candidate, features)
    past = scores.history(candidate, features.neighbours, fit)
    seconds = scores.expected_seconds(candidate, features.input_tokens, output_tokens)
    terms = Terms(
        complexity=fit,
        history=past,
        cost=scores.cost(usd, dearest_usd),
        latency=scores.latency(seconds, features.latency_class),
        availability=scores.availability(candidate),
    )
    total = (
        weights.complexity * terms.complexity
        + weights.history * terms.history
        + weights.cost * terms.cost
        + weights.latency * terms.latency
        + weights.availability * terms.availability
    )
    used = sum(1 for n in features.neighbours if n.model == candidate.name)
    notes = (
        f"ability {candidate.abilities.get(features.reading.task, candidate.ability):.2f} "
        f"against difficulty {scores.difficulty(features):.2f}",
        f"{used} similar past tasks" if used else "no similar past task yet",
        "free" if usd == 0 else f"about ${usd:.4f}",
        f"about {seconds:.1f} s, {'warm' if candidate.warm else 'cold'}",
    )
    return Ranked(candidate, terms, total, past, usd, seconds, notes=notes)

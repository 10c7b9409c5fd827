"""Where the numbers of a decision come from: each candidate's terms taken apart again. Pure.

Nothing here decides: it calls what `decide` called, with what the decision kept of its world.
"""

from dataclasses import dataclass

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision, Ranked
from routerd.policy import evidence, scores
from routerd.policy.odds import within


@dataclass(frozen=True, slots=True)
class Difficulty:
    """The request's difficulty in logits, by what it comes from; `similar` is what similar past
    tasks showed beyond that, and counts in the history term alone."""

    complexity: float
    doubt: float
    length: float
    learnt: float
    similar: float

    @property
    def read(self) -> float:
        """What the complexity term is measured against."""
        return self.complexity + self.doubt + self.length + self.learnt


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands behind one candidate's terms.

    `ability` in logits: `known` by name and size (give or take `known_sd`), and `learnt` from
    `answers` of its own. `similar` past tasks were its own, counting as `similar_weight` (where the
    fit counts as `fit_weight`), of which `similar_well` went well. Costs in US dollars, times in seconds.
    """

    ability: float
    known: float
    known_sd: float
    learnt: float
    answers: float
    similar: int
    similar_weight: float
    similar_well: float
    fit_weight: float
    input_tokens: int
    output_tokens: int
    input_usd: float
    output_usd: float
    load_s: float
    prefill_s: float
    ttft_s: float
    output_s: float
    swap_s: float


def difficulty_of(decision: Decision) -> Difficulty:
    """Return the parts of the request's difficulty."""
    return Difficulty(*scores.difficulty_parts(decision.features), past_of(decision).shift)


def past_of(decision: Decision) -> evidence.Evidence:
    """Return what similar past tasks say, as it was when the decision was made."""
    candidates = [entry.candidate for entry in decision.ranked]
    return evidence_for(decision, candidates)


def evidence_for(decision: Decision, candidates: list[Candidate]) -> evidence.Evidence:
    """Return what similar past tasks say where these may answer."""
    features = decision.features
    return evidence.gather(
        features.neighbours,
        {candidate.name: scores.ability(candidate, features) for candidate in candidates},
        scores.difficulty(features),
        features.beliefs,
    )


def sources_of(decision: Decision, entry: Ranked, past: evidence.Evidence) -> Sources:
    """Return what stands behind this candidate's terms; `past` is `past_of(decision)`."""
    features, candidate = decision.features, entry.candidate
    belief = features.beliefs.get(candidate.name)
    ability = scores.ability(candidate, features)
    known = candidate.abilities.get(features.reading.task, candidate.ability)
    bound = decision.output_bound or None
    typical = scores.expected_output_tokens(features, bound)
    output = scores.tokens_of(candidate, features, typical, bound)
    load, prefill, ttft, writing = scores.seconds_parts(candidate, features.input_tokens, output)
    own = past.of(candidate.name)
    return Sources(
        ability=ability,
        known=known,
        known_sd=candidate.ability_sd,
        learnt=ability - known,
        answers=belief.weight if belief else 0.0,
        similar=own.count,
        similar_weight=own.weight,
        similar_well=within(own.well, own.weight),
        fit_weight=scores.PRIOR_WEIGHT,
        input_tokens=features.input_tokens,
        output_tokens=output,
        input_usd=scores.expected_cost_usd(candidate, features.input_tokens, 0),
        output_usd=scores.expected_cost_usd(candidate, 0, output),
        load_s=load,
        prefill_s=prefill,
        ttft_s=ttft,
        output_s=writing,
        swap_s=0.0 if candidate.warm else candidate.swap_s,
    )

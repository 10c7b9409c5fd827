"""How good would a candidate be? Five terms, each 0..1, and what they are made of.

    complexity   P(success) = sigma(K * (ability - difficulty))
    history      P(success) moved towards what happened on similar past tasks
    cost         1 - expected cost / the dearest candidate's
    latency      1 / (1 + expected seconds / TAU of the latency class)
    availability health from checks and live results

Ability and difficulty share one logit scale on which a 7B code model stands at about 1 and a
frontier model at about 4; difficulty runs from -2 (complexity 0) to 4 (complexity 1).
"""

import math
from collections.abc import Iterable

from routerd.core.candidate import Candidate
from routerd.core.features import Features, LatencyClass, Neighbour

K = 1.0
DIFFICULTY_AT_ZERO, DIFFICULTY_SPAN = -2.0, 6.0
# A classifier that is unsure must not send work to the weakest model: difficulty is raised by up
# to this much (logits) as confidence falls from 1 to 0.
DOUBT_MARGIN = 0.8
# Weight of the fitted prior, in neighbours, against which past outcomes are counted.
PRIOR_WEIGHT = 4.0
SIMILARITY_FLOOR = 0.5
HALF_LIFE_S = 30 * 86_400.0
TAU_S: dict[LatencyClass, float] = {"completion": 0.5, "interactive": 8.0, "background": 60.0}
# Tokens of an answer where the request sets no bound, by latency class: medians are short.
TYPICAL_OUTPUT_TOKENS: dict[LatencyClass, int] = {
    "completion": 48,
    "interactive": 400,
    "background": 1200,
}


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e^-x) without overflow."""
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-min(x, 700.0)))
    grown = math.exp(max(x, -700.0))
    return grown / (1.0 + grown)


def difficulty(features: Features) -> float:
    """Return the request's difficulty in logits; doubt about the reading raises it."""
    reading = features.reading
    doubt = DOUBT_MARGIN * (1.0 - reading.task_confidence)
    return DIFFICULTY_AT_ZERO + DIFFICULTY_SPAN * reading.complexity + doubt


def fit(candidate: Candidate, features: Features) -> float:
    """Return P(success) from ability and difficulty alone, 0..1."""
    ability = candidate.abilities.get(features.reading.task, candidate.ability)
    return sigmoid(K * (ability - difficulty(features)))


def history(candidate: Candidate, neighbours: Iterable[Neighbour], prior: float) -> float:
    """Return P(success) after similar past tasks, 0..1: a weighted mean shrunk to `prior`.

    A neighbour weighs by similarity above `SIMILARITY_FLOOR` (scaled to 0..1) and halves every
    `HALF_LIFE_S`.
    """
    weight, total = PRIOR_WEIGHT, PRIOR_WEIGHT * prior
    for neighbour in neighbours:
        if neighbour.model != candidate.name:
            continue
        closeness = (neighbour.similarity - SIMILARITY_FLOOR) / (1.0 - SIMILARITY_FLOOR)
        age = 0.5 ** (max(neighbour.age_s, 0.0) / HALF_LIFE_S)
        w = max(0.0, min(1.0, closeness)) * age
        weight += w
        total += w * neighbour.success
    return total / weight


def expected_output_tokens(features: Features, max_output_tokens: int | None) -> int:
    """Return how many tokens the answer will likely have."""
    typical = TYPICAL_OUTPUT_TOKENS[features.latency_class]
    return min(typical, max_output_tokens) if max_output_tokens else typical


def expected_cost_usd(candidate: Candidate, input_tokens: int, output_tokens: int) -> float:
    """Return what the call would cost, uncached, in US dollars."""
    price = candidate.price
    return (price.input * input_tokens + price.output * output_tokens) / 1e6


def cost(expected_usd: float, dearest_usd: float) -> float:
    """Return 1 for free, 0 for the dearest; 1 for all where all are free."""
    return 1.0 - expected_usd / dearest_usd if dearest_usd > 0 else 1.0


def expected_seconds(candidate: Candidate, input_tokens: int, output_tokens: int) -> float:
    """Return seconds to the end of the answer: load if cold, prefill, first token, output."""
    load = 0.0 if candidate.warm else candidate.load_s
    prefill = input_tokens / max(candidate.prefill_tokens_per_s, 1.0)
    return load + prefill + candidate.ttft_s + output_tokens / max(candidate.tokens_per_s, 0.1)


def latency(seconds: float, latency_class: LatencyClass) -> float:
    """Return the utility of waiting that long, 0..1."""
    return 1.0 / (1.0 + max(seconds, 0.0) / TAU_S[latency_class])


def availability(candidate: Candidate) -> float:
    """Return health, 0..1."""
    return min(1.0, max(0.0, candidate.health))

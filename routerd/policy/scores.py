"""How good would a candidate be? Five terms, each 0..1, and what they are made of.

    complexity   P(success) = sigma(K * (ability - difficulty))
    history      the same with the difficulty that similar past tasks showed, moved towards how
                 this model did on them (see policy.evidence)
    cost         1 - expected cost / the dearest candidate's
    latency      1 / (1 + expected seconds / TAU of the latency class)
    availability health from checks and live results

Ability and difficulty share one logit scale on which a 7B code model stands at about 1 and a
frontier model at about 4; difficulty runs from -2 (complexity 0) to 4 (complexity 1), a little
lower for short and higher for long input.
"""

import math

from routerd.core.candidate import Candidate, Price
from routerd.core.features import Features, LatencyClass
from routerd.core.response import Usage
from routerd.policy.evidence import Past
from routerd.policy.odds import K, sigmoid
from routerd.policy.odds import within as _within

DIFFICULTY_AT_ZERO, DIFFICULTY_SPAN = -2.0, 6.0
# A classifier that is unsure must not send work to the weakest model: difficulty is raised by up
# to this much (logits) as confidence falls from 1 to 0.
DOUBT_MARGIN = 0.8
# Long problems are harder: on recorded outcomes log-loss falls from 0.579 to 0.569 with this
# slope per e-fold of input tokens; bounded, because an agent's context is no longer its task.
LENGTH_SLOPE, LENGTH_MIDDLE_TOKENS, LENGTH_BOUND = 0.5, 200.0, 1.0
# Weight of the fitted prior, in neighbours, against which past outcomes are counted. On recorded
# outcomes log-loss is 0.5403 with it, 0.5408 with 20 (and a narrower shift), 0.5423 with 4.
PRIOR_WEIGHT = 12.0
TAU_S: dict[LatencyClass, float] = {"completion": 0.5, "interactive": 8.0, "background": 60.0}
# Tokens of an answer where the request sets no bound, by latency class: medians are short.
TYPICAL_OUTPUT_TOKENS: dict[LatencyClass, int] = {
    "completion": 48,
    "interactive": 400,
    "background": 1200,
}
# What a token put into a prompt cache costs, in tokens read without one.
CACHE_WRITE = 1.25
# However many outcomes say so, a model is no better or worse than this by (logits).
_MOST_SHIFT = 4.0
# What a price or a speed that makes no sense (not a number, infinite) counts as: the dearest and
# slowest there is, in dollars and in seconds, so that no fault makes a candidate look good.
WORST = 1e9


def difficulty(features: Features) -> float:
    """Return the request's difficulty in logits; doubt about the reading raises it.

    What was learnt of such tasks (`harder`) is added, within bounds.
    """
    return sum(difficulty_parts(features))


def difficulty_parts(features: Features) -> tuple[float, float, float, float]:
    """Return what the difficulty is made of, in logits: the reading's complexity, doubt about the
    reading, the length of the input, and what was learnt of such tasks.
    """
    reading = features.reading
    doubt = DOUBT_MARGIN * (1.0 - _within(reading.task_confidence))
    complexity = _within(reading.complexity, otherwise=0.5)
    learnt = 0.0 if math.isnan(features.harder) else features.harder
    return (
        DIFFICULTY_AT_ZERO + DIFFICULTY_SPAN * complexity,
        doubt,
        _length(features),
        max(-_MOST_SHIFT, min(_MOST_SHIFT, learnt)),
    )


def _length(features: Features) -> float:
    if features.input_tokens <= 0:
        return 0.0
    logits = LENGTH_SLOPE * math.log(features.input_tokens / LENGTH_MIDDLE_TOKENS)
    return max(-LENGTH_BOUND, min(LENGTH_BOUND, logits))


def ability(candidate: Candidate, features: Features) -> float:
    """Return the candidate's ability for the task that was read, in logits.

    What is known by name and size, moved by what outcomes have taught.
    """
    known = candidate.abilities.get(features.reading.task, candidate.ability)
    belief = features.beliefs.get(candidate.name)
    if belief is None or not math.isfinite(belief.shift):
        return known
    return known + max(-_MOST_SHIFT, min(_MOST_SHIFT, belief.shift))


def fit(candidate: Candidate, features: Features, shift: float = 0.0) -> float:
    """Return P(success) from ability and difficulty, 0..1; `shift` (logits) raises difficulty."""
    return _within(sigmoid(K * (ability(candidate, features) - difficulty(features) - shift)))


def history(past: Past, prior: float) -> float:
    """Return P(success) after similar past tasks, 0..1: a weighted mean shrunk to `prior`."""
    weight = PRIOR_WEIGHT + past.weight
    return _within((PRIOR_WEIGHT * _within(prior) + past.well) / weight)


def expected_output_tokens(features: Features, max_output_tokens: int | None) -> int:
    """Return how many tokens the answer will likely have."""
    typical = TYPICAL_OUTPUT_TOKENS[features.latency_class]
    return min(typical, max_output_tokens) if max_output_tokens else typical


def tokens_of(
    candidate: Candidate, features: Features, output_tokens: int, bound: int | None
) -> int:
    """Return how long this candidate's answer will likely be: its own mean where that is known."""
    belief = features.beliefs.get(candidate.name)
    own = belief.output_tokens if belief is not None else 0.0
    if not 0.0 < own < WORST:
        return output_tokens
    return min(int(own), bound) if bound else int(own)


def expected_cost_usd(candidate: Candidate, input_tokens: int, output_tokens: int) -> float:
    """Return what the call would cost, uncached, in US dollars, 0..WORST."""
    return cost_usd(candidate.price, input_tokens, output_tokens)


def cost_usd(price: Price, input_tokens: int, output_tokens: int) -> float:
    """Return what so many tokens cost at a price, uncached, in US dollars, 0..WORST."""
    usd = (price.input * input_tokens + price.output * output_tokens) / 1e6
    return _within(usd, WORST, WORST)


def paid_usd(price: Price, usage: Usage) -> float:
    """Return what an answer cost by its own counts, in US dollars, 0..WORST.

    What was read from the prompt's cache has a price of its own (the full one where none is known);
    what was put into it costs a quarter more, as at Anthropic, which alone counts that.
    """
    read = max(0, usage.input_tokens)
    cached = min(max(0, usage.cached_tokens), read)
    written = min(max(0, usage.cache_write_tokens), read - cached)
    plain = read - cached + (CACHE_WRITE - 1.0) * written
    usd = plain * price.input + cached * (price.cached_input or price.input)
    return _within((usd + max(0, usage.output_tokens) * price.output) / 1e6, WORST, WORST)


def cost(expected_usd: float, dearest_usd: float) -> float:
    """Return 1 for free, 0 for the dearest; 1 for all where all are free."""
    return _within(1.0 - expected_usd / dearest_usd) if dearest_usd > 0 else 1.0


def expected_seconds(candidate: Candidate, input_tokens: int, output_tokens: int) -> float:
    """Return seconds to the end of the answer: load if cold, prefill, first token, output.

    0..WORST.
    """
    parts = seconds_parts(candidate, input_tokens, output_tokens)
    return _within(sum(parts), WORST, WORST)


def seconds_parts(
    candidate: Candidate, input_tokens: int, output_tokens: int
) -> tuple[float, float, float, float]:
    """Return the seconds of loading, reading the input, the first token, and writing."""
    return (
        0.0 if candidate.warm else candidate.load_s,
        input_tokens / max(candidate.prefill_tokens_per_s, 1.0),
        candidate.ttft_s,
        output_tokens / max(candidate.tokens_per_s, 0.1),
    )


def latency(seconds: float, latency_class: LatencyClass) -> float:
    """Return the utility of waiting that long, 0..1."""
    return 1.0 / (1.0 + _within(seconds, WORST, WORST) / TAU_S[latency_class])


def availability(candidate: Candidate) -> float:
    """Return health, 0..1."""
    return _within(candidate.health)

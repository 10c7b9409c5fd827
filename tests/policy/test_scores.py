"""The five terms: within 0..1 whatever comes, better where the candidate is better."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate, Price
from routerd.core.features import Features, LatencyClass, Reading
from routerd.core.response import Usage
from routerd.policy import scores
from routerd.policy.evidence import Past
from tests.fakes.candidates import CANDIDATES, FEATURES, LATENCY_CLASSES, ODD

SANE = st.floats(0, 1e6)
TOKENS = st.integers(0, 10**6)


@given(candidate=CANDIDATES, features=FEATURES)
def test_the_fit_is_a_probability(candidate: Candidate, features: Features) -> None:
    assert 0.0 <= scores.fit(candidate, features) <= 1.0


@given(weight=st.floats(0, 1e6), share=st.floats(0, 1), prior=ODD)
def test_history_is_a_probability(weight: float, share: float, prior: float) -> None:
    assert 0.0 <= scores.history(Past(weight, weight * share, 1), prior) <= 1.0


@given(weight=st.floats(0, 100), share=st.floats(0, 1), more=st.floats(0, 1), prior=st.floats(0, 1))
def test_more_past_success_never_scores_worse(
    weight: float, share: float, more: float, prior: float
) -> None:
    worse = scores.history(Past(weight, weight * min(share, more)), prior)
    assert scores.history(Past(weight, weight * max(share, more)), prior) >= worse


@given(candidate=CANDIDATES, features=FEATURES, shift=st.floats(-9, 9), more=st.floats(0, 9))
def test_a_task_shown_to_be_harder_never_fits_better(
    candidate: Candidate, features: Features, shift: float, more: float
) -> None:
    harder = scores.fit(candidate, features, shift + more)
    assert harder <= scores.fit(candidate, features, shift)


@given(candidate=CANDIDATES, tokens=TOKENS, dearest=ODD, latency_class=LATENCY_CLASSES)
def test_cost_latency_and_availability_are_shares(
    candidate: Candidate, tokens: int, dearest: float, latency_class: LatencyClass
) -> None:
    usd = scores.expected_cost_usd(candidate, tokens, tokens)
    seconds = scores.expected_seconds(candidate, tokens, tokens)
    assert 0.0 <= usd <= scores.WORST
    assert 0.0 <= seconds <= scores.WORST
    assert 0.0 <= scores.cost(usd, dearest) <= 1.0
    assert 0.0 <= scores.latency(seconds, latency_class) <= 1.0
    assert 0.0 <= scores.availability(candidate) <= 1.0


@given(expected=ODD, dearest=ODD, seconds=ODD, latency_class=LATENCY_CLASSES)
def test_cost_and_latency_stand_any_number(
    expected: float, dearest: float, seconds: float, latency_class: LatencyClass
) -> None:
    assert 0.0 <= scores.cost(expected, dearest) <= 1.0
    assert 0.0 <= scores.latency(seconds, latency_class) <= 1.0


@given(candidate=CANDIDATES, features=FEATURES, more=SANE)
def test_more_ability_never_fits_worse(
    candidate: Candidate, features: Features, more: float
) -> None:
    weak = replace(candidate, ability=1.0, abilities={})
    able = replace(weak, ability=1.0 + more)
    assert scores.fit(able, features) >= scores.fit(weak, features)


@given(price=SANE, more=SANE, tokens=TOKENS, dearest=st.floats(1e-6, 1e9))
def test_a_higher_price_never_scores_better(
    price: float, more: float, tokens: int, dearest: float
) -> None:
    cheap = Candidate("p", "m", price=Price(input=price, output=price))
    dear = Candidate("p", "m", price=Price(input=price + more, output=price + more))
    low, high = (scores.expected_cost_usd(c, tokens, tokens) for c in (cheap, dear))
    assert low <= high
    assert scores.cost(low, dearest) >= scores.cost(high, dearest)


@given(seconds=SANE, more=SANE, latency_class=LATENCY_CLASSES)
def test_a_longer_wait_never_scores_better(
    seconds: float, more: float, latency_class: LatencyClass
) -> None:
    now, later = (scores.latency(s, latency_class) for s in (seconds, seconds + more))
    assert now >= later


@given(health=st.floats(-1, 2), more=st.floats(0, 2))
def test_better_health_never_scores_worse(health: float, more: float) -> None:
    ill, well = (Candidate("p", "m", health=h) for h in (health, health + more))
    assert scores.availability(well) >= scores.availability(ill)


@pytest.mark.parametrize(
    ("complexity", "confidence", "logits"),
    [
        (0.0, 1.0, -2.0),
        (1.0, 1.0, 4.0),
        (0.5, 1.0, 1.0),
        (0.5, 0.0, 1.8),
        (math.nan, 1.0, 1.0),
        (0.5, math.nan, 1.8),
        (7.0, 1.0, 4.0),
    ],
)
def test_difficulty_rises_with_complexity_and_with_doubt(
    complexity: float, confidence: float, logits: float
) -> None:
    features = Features(Reading("testing", confidence, complexity))
    assert scores.difficulty(features) == pytest.approx(logits)


def test_the_ability_for_the_task_goes_before_the_general_one() -> None:
    features = Features(Reading("testing", 1.0, 0.5))
    able = Candidate("p", "m", ability=-5.0, abilities={"testing": 1.0, "review": 9.0})
    assert scores.fit(able, features) == pytest.approx(0.5)
    assert scores.fit(replace(able, abilities={"review": 9.0}), features) < 0.01


def test_without_a_past_history_is_the_prior() -> None:
    assert scores.history(Past(), 0.7) == pytest.approx(0.7)


def test_history_counts_the_prior_as_twelve_neighbours() -> None:
    assert scores.history(Past(1.0, 1.0, 1), 0.5) == pytest.approx((12 * 0.5 + 1) / 13)
    assert scores.history(Past(0.5, 0.0, 1), 0.5) == pytest.approx((12 * 0.5) / 12.5)


@pytest.mark.parametrize(
    ("tokens", "logits"), [(0, 1.0), (200, 1.0), (544, 1.5), (10**6, 2.0), (1, 0.0)]
)
def test_longer_input_is_harder_within_bounds(tokens: int, logits: float) -> None:
    features = Features(Reading("testing", 1.0, 0.5), input_tokens=tokens)
    assert scores.difficulty(features) == pytest.approx(logits, abs=1e-3)


@pytest.mark.parametrize(
    ("latency_class", "bound", "tokens"),
    [
        ("interactive", None, 400),
        ("completion", None, 48),
        ("background", None, 1200),
        ("interactive", 50, 50),
        ("completion", 50, 48),
        ("interactive", 0, 400),
    ],
)
def test_the_answer_is_as_long_as_usual_or_as_bounded(
    latency_class: LatencyClass, bound: int | None, tokens: int
) -> None:
    features = Features(latency_class=latency_class)
    assert scores.expected_output_tokens(features, bound) == tokens


def test_cost_counts_both_directions_per_million() -> None:
    dear = Candidate("p", "m", price=Price(input=3.0, output=15.0))
    assert scores.expected_cost_usd(dear, 1_000_000, 100_000) == pytest.approx(4.5)
    assert scores.expected_cost_usd(Candidate("p", "m"), 10**6, 10**6) == 0.0


@pytest.mark.parametrize(
    ("expected", "dearest", "term"), [(0, 0, 1), (0, 2, 1), (2, 2, 0), (1, 2, 0.5), (-1, 2, 1)]
)
def test_free_scores_one_and_the_dearest_nothing(
    expected: float, dearest: float, term: float
) -> None:
    assert scores.cost(expected, dearest) == pytest.approx(term)


def test_seconds_are_load_prefill_first_token_and_output() -> None:
    candidate = Candidate(
        "p", "m", load_s=10.0, ttft_s=0.5, prefill_tokens_per_s=100.0, tokens_per_s=20.0
    )
    assert scores.expected_seconds(candidate, 200, 40) == pytest.approx(10 + 2 + 0.5 + 2)
    warm = replace(candidate, warm=True)
    assert scores.expected_seconds(warm, 200, 40) == pytest.approx(2 + 0.5 + 2)


def test_a_number_that_makes_no_sense_counts_as_the_worst() -> None:
    odd = Candidate("p", "m", price=Price(input=math.nan), ttft_s=math.nan, health=math.nan)
    assert scores.expected_cost_usd(odd, 1, 1) == scores.WORST
    assert scores.expected_seconds(odd, 1, 1) == scores.WORST
    assert scores.availability(odd) == 0.0
    assert scores.fit(replace(odd, ability=math.nan), Features()) == 0.0


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(1_000_000, 100_000), 3.0 + 1.5),
        (Usage(1_000_000, 0, cached_tokens=900_000), 0.3 + 0.27),
        (Usage(1_000_000, 0, cache_write_tokens=1_000_000), 3.75),
        # More cached than was read makes no sense and saves nothing beyond.
        (Usage(100, 0, cached_tokens=10**9), 100 * 0.3 / 1e6),
        (Usage(-1, -1), 0.0),
    ],
)
def test_an_answer_costs_what_was_read_anew_from_the_cache_and_put_into_it(
    usage: Usage, usd: float
) -> None:
    dear = Candidate("p", "m", "cloud", price=Price(3.0, 0.3, 15.0))
    assert scores.paid_usd(dear.price, usage) == pytest.approx(usd)


def test_where_no_price_of_the_cache_is_known_the_full_one_counts() -> None:
    plain = Candidate("p", "m", "cloud", price=Price(3.0, 0.0, 15.0))
    assert scores.paid_usd(
        plain.price, Usage(1_000_000, 0, cached_tokens=500_000)
    ) == pytest.approx(3.0)

"""The parts that are told make up the terms they explain."""

from dataclasses import asdict, replace

import pytest

from routerd.core.belief import Belief
from routerd.core.candidate import Candidate, Price
from routerd.core.features import Features, Neighbour, Reading
from routerd.policy import breakdown, scores
from routerd.policy.decide import Stance, decide
from routerd.policy.odds import sigmoid

SMALL = Candidate("ollama", "small", ability=1.2, ability_sd=0.8, load_s=4.0, swap_s=9.0)
CLOUD = Candidate("cloud", "large", "cloud", 4.0, price=Price(3.0, 0.3, 15.0), warm=True)
PAST = (
    Neighbour("ollama/small", 0.9, 1.0, 60.0),
    Neighbour("ollama/small", 0.8, 0.0, 60.0),
    Neighbour("cloud/large", 0.7, 1.0, 60.0),
)
FEATURES = Features(
    Reading("debugging", 0.9, 0.3),
    900,
    neighbours=PAST,
    beliefs={"ollama/small": Belief(0.4, 12.0, output_tokens=150.0)},
    harder=0.25,
)
MADE = decide("1", FEATURES, (SMALL, CLOUD), Stance(), max_output_tokens=300)


@pytest.mark.parametrize("name", [SMALL.name, CLOUD.name])
def test_terms_can_be_put_together_again(name: str) -> None:
    entry = next(entry for entry in MADE.ranked if entry.candidate.name == name)
    past = breakdown.past_of(MADE)
    told = breakdown.sources_of(MADE, entry, past)
    hard = breakdown.difficulty_of(MADE)
    assert entry.terms.complexity == pytest.approx(sigmoid(told.ability - hard.read))
    prior = sigmoid(told.ability - hard.read - hard.similar)
    weight = scores.PRIOR_WEIGHT
    mean = (weight * prior + told.similar_well) / (weight + told.similar_weight)
    assert entry.terms.history == pytest.approx(mean)
    assert entry.expected_cost_usd == pytest.approx(told.input_usd + told.output_usd)
    seconds = told.load_s + told.prefill_s + told.ttft_s + told.output_s
    assert entry.expected_seconds == pytest.approx(seconds)


def test_what_was_learnt_and_what_was_known_are_told_apart() -> None:
    small = next(entry for entry in MADE.ranked if entry.candidate.name == SMALL.name)
    told = asdict(breakdown.sources_of(MADE, small, breakdown.past_of(MADE)))
    assert (told["known"], told["learnt"], told["answers"]) == (1.2, pytest.approx(0.4), 12.0)
    assert (told["similar"], told["output_tokens"], told["swap_s"]) == (2, 150, 9.0)
    warm = replace(small, candidate=replace(SMALL, warm=True))
    assert breakdown.sources_of(MADE, warm, breakdown.past_of(MADE)).load_s == 0.0


def test_the_parts_of_the_difficulty_are_the_difficulty() -> None:
    hard = breakdown.difficulty_of(MADE)
    assert hard.read == pytest.approx(scores.difficulty(FEATURES))
    assert hard.learnt == 0.25
    assert hard.similar != 0.0

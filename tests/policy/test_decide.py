"""Rules and scores make a decision: complete, ordered, the same every time."""

import math
import random
from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Profile, Weights
from routerd.core.decision import Decision
from routerd.core.errors import NotFound
from routerd.core.features import Features, Neighbour, Reading
from routerd.policy.decide import Stance, appraise, decide, first, normalised, rank
from routerd.policy.wish import BUILT_IN_PROFILES
from tests.fakes.candidates import CANDIDATES, FEATURES, ODD

WORLDS = st.lists(CANDIDATES, max_size=6, unique_by=lambda candidate: candidate.name)
WEIGHTS = st.builds(Weights, ODD, ODD, ODD, ODD, ODD)
REQUESTED = st.sampled_from(["auto", "auto:best", "auto:local", "a/small", "gpt-4o"])
STANCES = st.builds(
    Stance,
    profile=st.sampled_from(["balanced", "cheap", "mine", "gone"]),
    weights=st.none() | WEIGHTS,
    profiles=st.builds(lambda floor, weights: {"mine": Profile(floor, weights)}, ODD, WEIGHTS),
    offline=st.booleans(),
)
EASY = Features(Reading("testing", 1.0, 0.2))


def names(decision: Decision) -> list[str]:
    return [entry.candidate.name for entry in decision.ranked]


@given(world=WORLDS, features=FEATURES, stance=STANCES, requested=REQUESTED)
def test_everybody_is_either_ranked_or_excluded(
    world: list[Candidate], features: Features, stance: Stance, requested: str
) -> None:
    decision = decide("1", features, world, stance, requested_model=requested)
    excluded = [exclusion.candidate.name for exclusion in decision.exclusions]
    everybody = names(decision) + excluded
    assert sorted(everybody) == sorted(candidate.name for candidate in world)
    assert all(exclusion.rule and exclusion.reason for exclusion in decision.exclusions)


@given(world=WORLDS, features=FEATURES, stance=STANCES, requested=REQUESTED)
def test_no_number_of_a_decision_is_out_of_bounds(
    world: list[Candidate], features: Features, stance: Stance, requested: str
) -> None:
    decision = decide("1", features, world, stance, requested_model=requested)
    assert sum(astuple(decision.weights)) == pytest.approx(1.0)
    for entry in decision.ranked:
        assert all(0.0 <= term <= 1.0 for term in astuple(entry.terms))
        assert -1e-9 <= entry.total <= 1.0 + 1e-9
        assert 0.0 <= entry.p_success <= 1.0
        assert math.isfinite(entry.expected_cost_usd)
        assert math.isfinite(entry.expected_seconds)
    assert "nan" not in decision.reason.partition(";")[2]


@given(world=WORLDS, features=FEATURES, stance=STANCES, requested=REQUESTED, order=st.randoms())
def test_the_order_in_which_engines_were_found_changes_nothing(
    world: list[Candidate],
    features: Features,
    stance: Stance,
    requested: str,
    order: random.Random,
) -> None:
    shuffled = list(world)
    order.shuffle(shuffled)
    one = decide("1", features, world, stance, requested_model=requested)
    other = decide("1", features, shuffled, stance, requested_model=requested)
    assert names(one) == names(other)
    assert [entry.total for entry in one.ranked] == [entry.total for entry in other.ranked]


@given(world=WORLDS, features=FEATURES, stance=STANCES)
def test_nobody_below_the_floor_stands_before_somebody_above_it(
    world: list[Candidate], features: Features, stance: Stance
) -> None:
    ranked = decide("1", features, world, stance).ranked
    keys = [(not entry.above_floor, -entry.total, entry.candidate.name) for entry in ranked]
    assert keys == sorted(keys)


@given(world=WORLDS, features=FEATURES)
def test_offline_nobody_ranked_leaves_the_machine(
    world: list[Candidate], features: Features
) -> None:
    decision = decide("1", features, world, Stance(offline=True))
    assert not any(entry.candidate.leaves_machine for entry in decision.ranked)


def test_no_candidates_make_an_empty_decision() -> None:
    decision = decide("1", EASY, (), Stance())
    assert (decision.ranked, decision.exclusions, decision.chosen) == ((), (), None)


def test_an_easy_task_stays_with_the_free_local_model() -> None:
    world = [
        Candidate("cloud", "big", zone="cloud", ability=4.0, price=Price(3, 0, 15), warm=True),
        Candidate("here", "small", ability=1.5, warm=True),
    ]
    assert names(decide("1", EASY, world, Stance())) == ["here/small", "cloud/big"]


def test_a_hard_task_goes_to_the_able_model_whatever_it_costs() -> None:
    world = [
        Candidate("cloud", "big", zone="cloud", ability=4.0, price=Price(3, 0, 15), warm=True),
        Candidate("here", "small", ability=0.5, warm=True),
    ]
    hard = Features(Reading("debugging", 0.9, 0.9))
    decision = decide("1", hard, world, Stance())
    assert names(decision) == ["cloud/big", "here/small"]
    assert [entry.above_floor for entry in decision.ranked] == [True, False]


def test_the_floor_goes_before_the_total() -> None:
    world = [
        Candidate("p", "able", ability=3.0, price=Price(9, 9, 9), ttft_s=300.0, health=0.1),
        Candidate("p", "cheap", ability=-3.0, warm=True),
    ]
    stance = Stance(profile="mine", profiles={"mine": Profile(0.9, Weights(0, 0, 1, 1, 1))})
    able, cheap = decide("1", EASY, world, stance).ranked
    assert (able.candidate.model, cheap.candidate.model) == ("able", "cheap")
    assert able.total < cheap.total


def test_equals_stand_in_the_order_of_their_names() -> None:
    world = [Candidate("b", "m"), Candidate("a", "m"), Candidate("c", "m")]
    assert names(decide("1", EASY, world, Stance())) == ["a/m", "b/m", "c/m"]


def test_a_pinned_model_is_the_only_one() -> None:
    world = [Candidate("a", "m"), Candidate("b", "m")]
    decision = decide("1", EASY, world, Stance(), requested_model="b/m")
    assert names(decision) == ["b/m"]
    assert (decision.pinned, decision.requested_model) == ("b/m", "b/m")
    assert [exclusion.rule for exclusion in decision.exclusions] == ["pinned"]


def test_the_plumbing_check_answers_only_where_nothing_else_could() -> None:
    plumbing = Candidate("llamacpp", "plumbing", plumbing=True, ability=9.0)
    broken = Candidate("p", "m", usable=False)
    real = Candidate("p", "m")
    assert names(decide("1", EASY, [plumbing, broken], Stance())) == ["llamacpp/plumbing"]
    assert names(decide("1", EASY, [plumbing, real], Stance())) == ["p/m"]


def test_an_unknown_name_is_the_baseline_for_savings_or_not_found() -> None:
    world = [Candidate("a", "m")]
    stance = Stance(baseline="anthropic/claude-sonnet")
    assert decide("1", EASY, world, stance).baseline == "anthropic/claude-sonnet"
    assert decide("1", EASY, world, stance, requested_model="gpt-4o").baseline == "gpt-4o"
    with pytest.raises(NotFound):
        decide("1", EASY, world, replace(stance, strict_models=True), requested_model="gpt-4o")


def test_the_notes_say_what_the_terms_are_made_of() -> None:
    neighbours = (Neighbour("p/m", 0.9, 1.0, 0.0), Neighbour("q/m", 0.9, 1.0, 0.0))
    world = [
        Candidate("p", "m", ability=1.0, warm=True),
        Candidate("r", "m", ability=1.0, zone="cloud", price=Price(1000, 0, 0), load_s=100),
    ]
    features = replace(EASY, neighbours=neighbours, input_tokens=1000)
    local, cloud = decide("1", features, world, Stance(), max_output_tokens=20).ranked
    assert local.notes == (
        "ability 1.00 against difficulty 0.00 (-0.32 by similar past tasks)",
        "1 similar past tasks",
        "free",
        "about 3.5 s, warm",
    )
    assert cloud.notes[1:] == ("no similar past task yet", "about $1.0000", "about 103.5 s, cold")


@pytest.mark.parametrize(
    ("stance", "asked", "name", "profile"),
    [
        (Stance(), "", "balanced", BUILT_IN_PROFILES["balanced"]),
        (Stance("cheap"), "", "cheap", BUILT_IN_PROFILES["cheap"]),
        (Stance("cheap"), "best", "best", BUILT_IN_PROFILES["best"]),
        # The settings always hold weights; those nobody wrote must not undo the profile's.
        (Stance("cheap", Weights()), "", "cheap", BUILT_IN_PROFILES["cheap"]),
        (Stance("cheap", Weights(cost=9)), "", "cheap", Profile(0.75, Weights(cost=9))),
        (Stance("cheap", Weights(cost=9)), "best", "best", BUILT_IN_PROFILES["best"]),
        (Stance("mine", Weights(cost=9), {"mine": Profile(0.5)}), "", "mine", Profile(0.5)),
        (Stance("cheap", None, {"best": Profile(0.1)}), "best", "best", Profile(0.1)),
        (Stance("gone"), "", "gone", BUILT_IN_PROFILES["balanced"]),
    ],
)
def test_a_stance_resolves_to_one_profile(
    stance: Stance, asked: str, name: str, profile: Profile
) -> None:
    assert stance.resolve(asked) == (name, profile)


def test_weights_are_brought_to_one() -> None:
    assert astuple(normalised(Weights(2, 1, 1, 0, -5))) == (0.5, 0.25, 0.25, 0.0, 0.0)


@pytest.mark.parametrize(
    "weights",
    [
        Weights(0, 0, 0, 0, 0),
        Weights(-1, -1, -1, -1, -1),
        Weights(math.nan, math.nan, math.nan, math.nan, math.nan),
        Weights(math.inf, 0, 0, 0, 0),
        Weights(1e308, 1e308, 0, 0, 0),
    ],
)
def test_weights_without_sense_are_all_equal(weights: Weights) -> None:
    assert astuple(normalised(weights)) == (0.2, 0.2, 0.2, 0.2, 0.2)


@given(
    FEATURES,
    st.lists(CANDIDATES, min_size=1, max_size=5, unique_by=lambda c: c.name),
    st.floats(0, 1),
)
def test_the_first_is_the_one_that_ranking_puts_first(
    features: Features, candidates: list[Candidate], floor: float
) -> None:
    appraised = appraise(candidates, features, 100)
    weights = normalised(Weights())
    ranked = rank(appraised, weights, floor)
    assert first(appraised, weights, floor).candidate == ranked[0].candidate

"""What is said to change a choice does change it, when the choice is made again."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Profile, Weights
from routerd.core.decision import Decision
from routerd.core.features import Features, Neighbour, Reading
from routerd.core.session import Signs, Standing
from routerd.policy import session
from routerd.policy.counterfactuals import Change, by_score, changes_of, rival_of
from routerd.policy.decide import Stance, decide
from tests.policy.test_decide import FEATURES, STANCES, WORLDS

SMALL = Candidate("ollama", "small", ability=1.2, warm=True, tokens_per_s=30.0)
MIDDLE = Candidate("ollama", "middle", ability=1.9, warm=True, tokens_per_s=12.0)
CLOUD = Candidate(
    "cloud", "large", "cloud", 4.0, price=Price(3.0, 0.3, 15.0), warm=True, tokens_per_s=80.0
)
WORLD = (SMALL, MIDDLE, CLOUD)
PAST = tuple(Neighbour("ollama/small", 0.9, 1.0, 60.0) for _ in range(4))
FEATURES_OF_ONE = Features(Reading("debugging", 0.9, 0.3), 900, neighbours=PAST)


def chosen(
    weights: Weights = Weights(),  # noqa: B008  # frozen
    floor: float = 0.9,
    features: Features = FEATURES_OF_ONE,
    world: tuple[Candidate, ...] = WORLD,
    **more: bool,
) -> Decision:
    stance = Stance("mine", profiles={"mine": Profile(floor, weights)}, **more)
    return decide("1", features, world, stance)


def name(decision: Decision) -> str:
    assert decision.chosen
    return decision.chosen.candidate.name


def of(decision: Decision, kind: str) -> list[Change]:
    return [change for change in changes_of(decision) if change.kind == kind]


@pytest.mark.parametrize("complexity", [0.1, 0.3, 0.5, 0.8])
def test_a_weight_moved_past_its_threshold_changes_the_choice_and_short_of_it_does_not(
    complexity: float,
) -> None:
    features = replace(FEATURES_OF_ONE, reading=Reading("debugging", 0.9, complexity))
    made = chosen(features=features, floor=0.5)
    changes = of(made, "weight")
    assert changes
    for change in changes:
        away = 1e-6 if change.bound == "or more" else -1e-6
        for nudge, expected in ((away, change.winner), (-away, name(made))):
            weights = {**asdict(made.weights), change.what: max(0.0, change.at + nudge)}
            again = chosen(Weights(**weights), 0.5, features)
            assert name(again) == expected, change


def test_a_floor_moved_past_its_threshold_changes_the_choice() -> None:
    strict, loose = chosen(floor=0.99), chosen(floor=0.2)
    assert name(strict) != name(loose)
    for made in (strict, loose):
        (change,) = of(made, "floor")
        away = 1e-9 if change.bound == "or more" else -1e-9
        assert name(chosen(floor=change.at + away)) == change.winner
        assert name(chosen(floor=change.at - away)) == name(made)


def test_a_complexity_past_its_threshold_changes_the_choice() -> None:
    made = chosen()
    (change,) = [c for c in of(made, "complexity") if c.bound == "or more"]
    reading = replace(FEATURES_OF_ONE.reading, complexity=change.at)
    assert name(chosen(features=replace(FEATURES_OF_ONE, reading=reading))) == change.winner
    short = replace(reading, complexity=change.at - 0.01)
    assert name(chosen(features=replace(FEATURES_OF_ONE, reading=short))) == name(made)


def test_whom_a_rule_kept_out_is_named_where_it_would_have_led() -> None:
    hard = replace(FEATURES_OF_ONE, reading=Reading("debugging", 0.9, 0.9))
    free = chosen(features=hard)
    assert name(free) == "cloud/large"
    made = chosen(features=hard, offline=True)
    (change,) = of(made, "admission")
    assert (change.what, change.winner) == ("offline", "cloud/large")
    assert free.chosen
    assert change.at == pytest.approx(free.chosen.total)


def test_a_model_out_of_order_is_weighed_as_if_it_were_well() -> None:
    down = replace(CLOUD, usable=False, unusable_reason="no key")
    hard = replace(FEATURES_OF_ONE, reading=Reading("debugging", 0.9, 0.9))
    made = chosen(features=hard, world=(SMALL, MIDDLE, down))
    assert [change.winner for change in of(made, "admission")] == ["cloud/large"]


def test_a_conversation_that_holds_a_model_is_what_stands_before_the_score() -> None:
    made = chosen()
    holder = next(c.name for c in WORLD if c.name != name(made))
    kept = session.settle(made, Standing("k", holder), Signs(tool_open=True))
    assert name(kept) == holder
    (change,) = of(kept, "conversation")
    assert (change.winner, change.what) == (name(made), "a tool call is open")
    rival = rival_of(kept)
    assert rival
    assert rival.model == name(made)


def test_a_warm_model_that_stays_is_what_stands_before_the_score() -> None:
    cold = replace(MIDDLE, model="cold", ability=2.4, warm=False, load_s=5.0, swap_s=30.0)
    made = chosen(world=(SMALL, cold), floor=0.5, weights=Weights(1.0, 0.0, 0.0, 0.0, 0.0))
    assert name(made) == "ollama/small"
    (change,) = of(made, "residency")
    assert change.winner == "ollama/cold"
    assert "costs 35 s" in change.what


def test_a_model_that_was_tried_to_learn_of_it_is_what_stands_before_the_score() -> None:
    made = chosen()
    other = made.ranked[1]
    rest = tuple(entry for entry in made.ranked if entry is not other)
    tried = replace(made, ranked=(other, *rest), explored="little is known of it")
    (change,) = of(tried, "exploration")
    assert (change.winner, change.what) == (name(made), "little is known of it")


def test_the_rivals_distance_is_the_sum_of_its_terms() -> None:
    made = chosen()
    rival = rival_of(made)
    assert rival
    assert rival.model == by_score(made)[1].candidate.name
    assert sum(asdict(rival.by_term).values()) == pytest.approx(rival.behind)


def test_a_pin_and_an_empty_world_leave_nothing_to_change() -> None:
    assert (
        changes_of(decide("1", FEATURES_OF_ONE, WORLD, Stance(), requested_model=SMALL.name)) == ()
    )
    assert changes_of(decide("1", FEATURES_OF_ONE, (), Stance())) == ()
    assert rival_of(decide("1", FEATURES_OF_ONE, (SMALL,), Stance())) is None


@settings(max_examples=40)
@given(world=WORLDS, features=FEATURES, stance=STANCES)
def test_odd_worlds_have_counterfactuals_too(
    world: list[Candidate], features: Features, stance: Stance
) -> None:
    made = decide("1", features, world, stance)
    for change in changes_of(made):
        assert change.winner != name(made) or change.kind not in ("conversation", "residency")
        assert change.winner in {candidate.name for candidate in world}

"""Choices in a world where similar past tasks tell which model will do."""

from dataclasses import replace

import numpy as np
import pytest

from routerd.core.config import Profile, Weights
from routerd.replay import contest, folds
from tests.fakes.recorded import TARIFFS, world

PROBLEMS, READINGS = world()
SOURCE = folds.source_of("made", PROBLEMS, TARIFFS, READINGS)
HELD = contest.hold(SOURCE, TARIFFS)
WEAK, STRONG = SOURCE.models.index("weak-7b"), SOURCE.models.index("strong")
HARD = np.arange(len(PROBLEMS)) % 2 == 1


def test_every_strategy_chooses_for_every_problem() -> None:
    assert set(HELD.curves) == {"routerd", "knn", "fit", "length"}
    for choices in HELD.curves.values():
        assert len(choices) == len(contest.COST_SHARES)
        for choice in choices:
            assert not np.isnan(SOURCE.passed[np.arange(len(PROBLEMS)), choice]).any()


def test_the_ends_are_the_best_the_cheapest_and_the_oracle() -> None:
    assert (HELD.always_best == STRONG).all()
    assert (HELD.always_cheapest == WEAK).all()
    assert (HELD.oracle[~HARD] == WEAK).all()
    assert (SOURCE.passed[np.arange(len(PROBLEMS)), HELD.oracle] == 1.0).all()


def test_chances_follow_what_similar_problems_showed() -> None:
    assert HELD.chances[~HARD, WEAK].min() > HELD.chances[HARD, WEAK].max()


def test_easy_work_stays_off_the_dear_model_and_hard_work_goes_to_it() -> None:
    balanced = HELD.profiles["balanced"]
    assert (balanced[~HARD] == STRONG).mean() < 0.1
    assert (balanced[HARD] == STRONG).mean() > 0.9


def test_a_profile_of_ones_own_is_followed() -> None:
    thrifty = {"thrifty": Profile(0.0, Weights(0, 0, 1, 0, 0))}
    assert (contest.hold(SOURCE, TARIFFS, thrifty).profiles["thrifty"] == WEAK).all()


def test_what_a_problem_came_to_never_sways_its_own_choice() -> None:
    flipped = SOURCE.passed.copy()
    flipped[0] = 1.0 - flipped[0]
    other = contest.hold(replace(SOURCE, passed=flipped), TARIFFS)
    for name, choices in HELD.curves.items():
        for ours, theirs in zip(choices, other.curves[name], strict=True):
            assert ours[0] == theirs[0]
    assert other.chances[0] == pytest.approx(HELD.chances[0])


def test_the_share_of_cost_is_the_weight_of_cost() -> None:
    weights = contest.cost_weights(0.4)
    assert weights.cost == pytest.approx(0.4)
    assert weights.complexity + weights.history == pytest.approx(0.6)

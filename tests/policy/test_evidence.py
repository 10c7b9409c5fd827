"""What neighbours say: of the task for everyone, and of each model."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.features import Neighbour
from routerd.policy import evidence
from routerd.policy.evidence import Evidence, Past, closeness, gather
from tests.fakes.candidates import NEIGHBOURS, ODD

NEAR = Neighbour("p/m", 1.0, 1.0, 0.0)


@given(neighbours=st.lists(NEIGHBOURS, max_size=8), ability=ODD, difficulty=ODD)
def test_evidence_is_finite_whatever_comes(
    neighbours: list[Neighbour], ability: float, difficulty: float
) -> None:
    found = gather(neighbours, {"a/small": ability, "b/large": 1.0}, difficulty)
    assert math.isfinite(found.shift)
    for past in found.past.values():
        assert 0.0 <= past.well <= past.weight <= len(neighbours)


@pytest.mark.parametrize(
    ("neighbour", "weight"),
    [
        (NEAR, 1.0),
        (replace(NEAR, similarity=0.6), 0.125),
        (replace(NEAR, similarity=evidence.SIMILARITY_FLOOR), 0.0),
        (replace(NEAR, similarity=-1.0), 0.0),
        (replace(NEAR, similarity=math.nan), 0.0),
        (replace(NEAR, age_s=evidence.HALF_LIFE_S), 0.5),
        (replace(NEAR, age_s=-5.0), 1.0),
        (replace(NEAR, age_s=math.nan), 0.0),
    ],
)
def test_a_neighbour_weighs_by_similarity_and_age(neighbour: Neighbour, weight: float) -> None:
    assert closeness(neighbour) == pytest.approx(weight)


def test_no_neighbours_are_no_evidence() -> None:
    assert gather((), {"p/m": 1.0}, 0.0) == Evidence()
    assert gather((), {}, 0.0).of("p/m") == Past()


def test_an_answer_that_is_no_number_counts_for_nothing() -> None:
    assert gather([replace(NEAR, success=math.nan)], {"p/m": 1.0}, 0.0) == Evidence()


def test_a_models_past_is_a_weighted_count() -> None:
    found = gather([NEAR, replace(NEAR, success=0.0, similarity=0.6)], {"p/m": 1.0}, 0.0)
    assert found.of("p/m") == Past(1.125, 1.0, 2)


def test_failures_of_others_make_the_task_harder_for_all() -> None:
    failed = [Neighbour("p/other", 0.9, 0.0, 0.0)] * 5
    went_well = [Neighbour("p/other", 0.9, 1.0, 0.0)] * 5
    abilities = {"p/m": 1.0, "p/other": 1.0}
    assert gather(failed, abilities, 0.0).shift > 0.3
    assert gather(went_well, abilities, 0.0).shift < -0.1


def test_an_able_models_failure_says_more_than_a_weak_ones() -> None:
    failed = [Neighbour("p/m", 0.9, 0.0, 0.0)] * 3
    weak, able = (gather(failed, {"p/m": a}, 0.0).shift for a in (-2.0, 3.0))
    assert able > weak > 0.0


def test_a_model_that_is_no_longer_there_tells_nothing_of_difficulty() -> None:
    found = gather([NEAR], {"q/m": 1.0}, 0.0)
    assert (found.shift, found.of("p/m").count) == (0.0, 1)


def test_many_models_on_one_task_weigh_as_few_answers() -> None:
    names = [f"p/{i}" for i in range(40)]
    abilities = dict.fromkeys(names, 0.0)
    crowd = gather([Neighbour(name, 1.0, 0.0, 0.0) for name in names], abilities, 0.0).shift
    two = gather([Neighbour(name, 1.0, 0.0, 0.0) for name in names[:2]], abilities, 0.0).shift
    assert crowd == pytest.approx(two)

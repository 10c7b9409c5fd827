import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.learning.cell import HALF_LIFE_S, LEFT, WINDOW, Cell, Said

NOW_S = 1_700_000_000.0
SHARES = st.floats(0.0, 1.0)
GOOD, BAD = Said(1.0, 1.0), Said(0.0, 1.0)


def after(*values: Said, expected: float = 0.6, cell: Cell = Cell()) -> Cell:  # noqa: B008
    for number, value in enumerate(values):
        cell = cell.after(value, expected, NOW_S + number)
    return cell


def test_an_empty_cell_says_what_the_coarser_one_says() -> None:
    assert Cell().shift() == 0.0
    assert Cell().shift(0.7) == 0.7


def test_outcomes_as_expected_shift_nothing() -> None:
    cell = after(*[GOOD, GOOD, GOOD, BAD, BAD] * 8)
    assert cell.shift() == pytest.approx(0.0, abs=1e-6)


def test_the_more_outcomes_the_further_a_shift_goes() -> None:
    shifts = [after(*[BAD] * count).shift() for count in (1, 4, 16)]
    assert 0 > shifts[0] > shifts[1] > shifts[2]


def test_hard_tasks_that_were_expected_to_fail_make_no_model_look_weak() -> None:
    hard, easy = after(*[BAD] * 10, expected=0.1), after(*[BAD] * 10, expected=0.9)
    assert easy.shift() < 2 * hard.shift() < 0


def test_counts_fade_with_time_and_are_bounded_by_use() -> None:
    cell = after(*[GOOD] * 10)
    assert cell.faded(cell.at_unix_s + HALF_LIFE_S).tried == pytest.approx(5.0, rel=1e-3)
    assert after(*[GOOD] * 600, expected=0.99).tried <= WINDOW
    # A clock that was set back makes nothing grow.
    assert cell.faded(NOW_S - 1e6).tried == cell.tried


def test_the_posterior_is_a_beta_of_the_counts() -> None:
    assert after(GOOD, GOOD, BAD).beta == pytest.approx((3.0, 2.0), rel=1e-3)


def test_a_correction_leaves_what_a_single_true_word_would_have() -> None:
    told = after(Said(0.7, 0.2)).corrected(Said(0.7, 0.2), BAD, 0.6)
    straight = after(BAD)
    assert (told.tried, told.well, told.expected) == pytest.approx(
        (straight.tried, straight.well, straight.expected)
    )


def test_a_sudden_change_is_seen_and_the_many_before_it_let_go() -> None:
    chance = random.Random(4)
    steady = after(*[Said(float(chance.random() < 0.8), 1.0) for _ in range(300)], expected=0.8)
    assert steady.changed_unix_s == -math.inf
    cell, needed = steady, 0
    while cell.changed_unix_s == -math.inf:
        needed += 1
        value = Said(float(chance.random() < 0.3), 1.0)
        cell = cell.after(value, 0.8, NOW_S + 1000 + needed)
    assert needed <= 50
    assert cell.tried <= LEFT
    assert cell.shift() < -0.4


@given(st.lists(st.tuples(st.floats(), st.floats(), st.floats(), st.floats(0, 1e10)), max_size=30))
def test_whatever_comes_a_cell_stays_within_its_bounds(
    told: list[tuple[float, float, float, float]],
) -> None:
    cell = Cell()
    for value, weight, expected, now_s in told:
        cell = cell.after(Said(value, weight), expected, now_s)
    assert 0.0 <= cell.well <= cell.tried + 1e-9
    assert cell.tried <= WINDOW
    assert math.isfinite(cell.shift())
    assert min(cell.beta) >= 1.0 - 1e-9

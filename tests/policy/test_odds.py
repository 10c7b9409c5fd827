"""The logistic scale."""

import math

import pytest
from hypothesis import given

from routerd.policy import odds
from tests.fakes.candidates import ODD


@given(x=ODD)
def test_sigmoid_is_a_probability_or_no_number(x: float) -> None:
    y = odds.sigmoid(x)
    assert math.isnan(x) if math.isnan(y) else 0.0 <= y <= 1.0


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.5), (2.0, 0.880797), (-2.0, 0.119203)])
def test_sigmoid_is_the_logistic_function(x: float, y: float) -> None:
    assert odds.sigmoid(x) == pytest.approx(y, abs=1e-6)


@given(value=ODD, otherwise=ODD)
def test_within_is_within_its_bounds(value: float, otherwise: float) -> None:
    bounded = odds.within(value, 2.0, otherwise)
    assert (0.0 <= bounded <= 2.0) or (math.isnan(value) and bounded is otherwise)

"""Figures of merit on worlds small enough to reckon by hand."""

import numpy as np
import pytest

from routerd.replay.measures import Point, apgr, area, cut, lead, mixed_cut, point

BEST, CHEAPEST = Point(10.0, 0.8), Point(0.0, 0.4)


def test_a_point_is_the_mean_over_problems() -> None:
    passed, cost = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 4.0], [2.0, 4.0]])
    assert point(np.array([0, 1]), passed, cost) == Point(3.0, 1.0)


def test_the_cut_is_the_largest_that_keeps_the_quality() -> None:
    points = [Point(9.0, 0.80), Point(4.0, 0.784), Point(1.0, 0.7)]
    assert cut(points, BEST, 0.98) == pytest.approx(0.6)
    assert cut(points, BEST, 0.85) == pytest.approx(0.9)
    assert cut([Point(1.0, 0.1)], BEST, 0.98) is None
    assert cut([Point(0.0, 0.8)], Point(0.0, 0.8), 0.98) == 0.0


def test_a_random_mix_lies_on_the_line() -> None:
    assert mixed_cut(CHEAPEST, BEST, 0.95) == pytest.approx(0.1)
    assert mixed_cut(Point(0.0, 0.9), BEST, 0.98) == 1.0
    assert mixed_cut(CHEAPEST, Point(0.0, 0.8), 0.98) == 0.0


def test_the_area_is_the_mean_quality_over_budgets() -> None:
    assert area([CHEAPEST, BEST], BEST) == pytest.approx((20 * 0.4 + 0.8) / 21)
    assert area([BEST], BEST) == pytest.approx(0.8 / 21)


def test_apgr_of_a_seer_a_coin_and_a_fool() -> None:
    passed = np.array([[1.0, 1.0]] * 50 + [[0.0, 1.0]] * 50)
    gap = passed[:, 1] - passed[:, 0]
    seer = np.stack([np.zeros(100), gap], axis=1)
    assert apgr(seer, passed) == pytest.approx((0 + 0.2 + 0.4 + 0.6 + 0.8 + 6) / 11)
    assert apgr(-seer, passed) == pytest.approx(1 - (0 + 0.2 + 0.4 + 0.6 + 0.8 + 6) / 11)
    assert apgr(seer, passed[:, ::-1]) is None
    coin = np.random.default_rng(0).random((100, 2))
    assert apgr(coin, passed) == pytest.approx(0.5, abs=0.1)


def test_a_lead_comes_with_an_interval_around_it() -> None:
    passed = np.array([[0.0, 1.0]] * 40)
    cost = np.array([[0.0, 1.0]] * 40)
    weak, strong = np.zeros(40, int), np.ones(40, int)
    found, low, high = lead([strong], [weak], strong, passed, cost)
    assert low <= found <= high
    same = lead([weak, strong], [weak, strong], strong, passed, cost)
    assert same == (0.0, 0.0, 0.0)

"""What was spent and what is reserved."""

from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.decision import Decision, Ranked, Terms
from routerd.core.features import Features
from routerd.core.outcome import Outcome
from routerd.core.policy import Budget, Policy
from routerd.core.request import Limits, Request
from routerd.journey.spending import Spending
from routerd.policy.budgets import Spent

TERMS = Terms(0, 0, 0, 0, 0)
CLOUD = Candidate("cloud", "big", zone="cloud", price=Price(10.0, 1.0, 100.0))
RANKED = (Ranked(CLOUD, TERMS, 0, 0.9, 0.03, 1.0),)
DECISION = Decision("d1", Features(input_tokens=1000), RANKED, (), TERMS, "balanced")
REQUEST = Request((), limits=Limits(max_output_tokens=1000), workspace="/w/shop", client="cursor")
POLICY = Policy(budget=(Budget("day", 1.0, "day"),))
DONE = Outcome("d1", "stop", model="cloud/big", cost_usd=0.05)


class Purse:
    def __init__(self) -> None:
        self.kept: list[Spent] = []
        self.day = "2026-11-27"
        self.spending = Spending(self.kept.append, lambda: self.day)

    @property
    def left(self) -> float:
        found = self.spending.left(POLICY, REQUEST)
        assert found is not None
        return found.left


def test_a_call_under_way_counts_with_the_most_it_can_cost() -> None:
    purse = Purse()
    purse.spending.reserve(DECISION, REQUEST)
    assert purse.left == pytest.approx(1.0 - 0.11)
    purse.spending.settle(DECISION, DONE, REQUEST)
    assert purse.left == pytest.approx(0.95)
    assert purse.kept == [Spent("2026-11-27", "/w/shop", "cursor", 0.05)]


def test_a_call_that_broke_off_counts_as_expected_and_one_not_begun_is_free() -> None:
    purse = Purse()
    broke = replace(DONE, finish="failed", cost_usd=0.0)
    purse.spending.settle(DECISION, broke, REQUEST)
    assert purse.left == pytest.approx(0.97)
    purse.spending.settle(DECISION, replace(broke, model=""), REQUEST)
    assert purse.left == pytest.approx(0.97)


def test_a_new_day_begins_anew_and_earlier_runs_count() -> None:
    purse = Purse()
    purse.spending.load([Spent("2026-11-27", "/w/blog", "claude", 0.4)])
    assert purse.left == pytest.approx(0.6)
    purse.day = "2026-11-28"
    assert purse.left == pytest.approx(1.0)


def test_without_a_budget_nothing_is_left_to_say() -> None:
    assert Spending().left(Policy(), REQUEST) is None


def test_a_cost_that_is_no_number_is_not_kept() -> None:
    purse = Purse()
    purse.spending.settle(DECISION, replace(DONE, cost_usd=float("nan")), REQUEST)
    assert purse.kept == []

"""What was spent and what is reserved."""

from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.decision import Decision, Ranked, Terms
from routerd.core.features import Features
from routerd.core.outcome import Attempt, Outcome
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
    assert [entry.usd for entry in purse.kept] == pytest.approx([0.11, -0.11, 0.05])
    assert {(e.day, e.workspace, e.client) for e in purse.kept} == {
        ("2026-11-27", "/w/shop", "cursor")
    }


def test_a_crash_leaves_too_much_on_the_account_and_never_too_little() -> None:
    purse = Purse()
    purse.spending.reserve(DECISION, REQUEST)
    after = Purse()
    after.spending.load(purse.kept)
    assert after.left == pytest.approx(1.0 - 0.11)


def test_one_more_attempt_is_paid_for_as_well_or_not_made() -> None:
    purse = Purse()
    purse.spending.load([Spent("2026-11-27", "/w/blog", "claude", 0.75)])
    purse.spending.reserve(DECISION, REQUEST)
    assert purse.spending.afford(CLOUD, DECISION, REQUEST, POLICY)
    assert purse.left == pytest.approx(0.03)
    assert not purse.spending.afford(CLOUD, DECISION, REQUEST, POLICY)
    assert purse.spending.afford(replace(CLOUD, price=Price()), DECISION, REQUEST, POLICY)
    purse.spending.settle(DECISION, DONE, REQUEST)
    assert purse.left == pytest.approx(0.2)
    assert sum(entry.usd for entry in purse.kept) == pytest.approx(0.05)


def test_an_answer_that_another_one_replaced_was_paid_for_too() -> None:
    purse = Purse()
    second = replace(CLOUD, model="bigger")
    decision = replace(DECISION, ranked=(*RANKED, replace(RANKED[0], candidate=second)))
    attempts = (
        Attempt("cloud/big", 0.0, 1.0, ttft_s=0.1, failure="unverified"),
        Attempt("cloud/bigger", 1.0, 1.0, ttft_s=0.1),
    )
    outcome = replace(DONE, model="cloud/bigger", attempts=attempts)
    purse.spending.settle(decision, outcome, REQUEST)
    assert purse.left == pytest.approx(1.0 - 0.05 - 0.03)


def test_a_clock_set_back_finds_that_days_account_again() -> None:
    purse = Purse()
    purse.spending.load([Spent("2026-11-27", "/w", "c", 0.4), Spent("2036-01-01", "/w", "c", 0.9)])
    assert purse.left == pytest.approx(0.6)
    purse.day = "2036-01-01"
    assert purse.left == pytest.approx(0.1)
    purse.spending.reserve(DECISION, REQUEST)
    purse.day = "2026-11-27"
    purse.spending.settle(DECISION, DONE, REQUEST)
    assert purse.left == pytest.approx(0.55)


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

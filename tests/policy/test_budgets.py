"""What is left of budgets."""

import math

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.policy import Budget
from routerd.policy.budgets import Balance, Spent, balances, dearest_usd, tightest

DAY = "2026-11-27"
SPENT = (
    Spent(DAY, "/w/shop", "cursor", 1.0),
    Spent(DAY, "/w/blog", "cursor", 2.0),
    Spent("2026-11-01", "/w/shop", "claude", 4.0),
    Spent("2026-10-31", "/w/shop", "claude", 8.0),
)


def left(budget: Budget, workspace: str = "/w/shop", client: str = "cursor") -> list[float]:
    found = balances([budget], SPENT, workspace=workspace, client=client, day=DAY, per_usd=1.0)
    return [balance.left for balance in found]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (Budget("day", 10, "day"), [7.0]),
        (Budget("month", 10, "month"), [3.0]),
        (Budget("shop", 10, "month", workspace="shop"), [5.0]),
        (Budget("cursor", 10, "month", client="cursor*"), [7.0]),
        (Budget("blog", 10, "month", workspace="blog"), []),
        (Budget("spent", 2, "day"), [-1.0]),
    ],
)
def test_a_budget_counts_its_period_workspace_and_client(
    budget: Budget, expected: list[float]
) -> None:
    assert left(budget) == expected


def test_sums_are_in_the_policys_currency() -> None:
    (found,) = balances(
        [Budget("d", 10, "day")], SPENT, workspace="", client="", day=DAY, per_usd=0.5
    )
    assert found.used == 1.5


def test_the_tightest_budget_is_the_one_with_the_least_left() -> None:
    wide, narrow = Balance(Budget("w", 100), 10), Balance(Budget("n", 5), 4)
    assert tightest([wide, narrow]) is narrow
    assert tightest([]) is None


def test_a_call_is_taken_to_cost_the_most_it_can() -> None:
    candidate = Candidate("a", "m", zone="cloud", price=Price(10.0, 1.0, 100.0))
    assert dearest_usd(candidate, 1000, 100) == pytest.approx(0.02)
    assert dearest_usd(candidate, 1000, None) == pytest.approx(0.01 + 0.4096)
    assert math.isclose(dearest_usd(Candidate("a", "m"), 1000, None), 0.0)

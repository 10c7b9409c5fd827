"""What is left of each budget: pure sums; the time and what is in flight are arguments.

A hard stop: a call is refused before it is made when its dearest outcome would not fit into what
is left after all that was spent and all that is under way.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from routerd.core.candidate import Candidate
from routerd.core.policy import Budget
from routerd.policy import globs

# What an answer is taken to need at most where the client sets no bound of its own.
UNBOUNDED_ANSWER_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Spent:
    """Money in US dollars for one workspace and client on one day (local, YYYY-MM-DD)."""

    day: str
    workspace: str
    client: str
    usd: float


@dataclass(frozen=True, slots=True)
class Balance:
    """One budget for one request: `used` and `limit` in the policy's currency."""

    budget: Budget
    used: float

    @property
    def left(self) -> float:
        """What may still be spent; below zero where a call cost more than was expected."""
        return self.budget.limit - self.used


def concerns(budget: Budget, workspace: str, client: str) -> bool:
    """Whether what this workspace and client spend counts towards the budget."""
    return globs.path_fits(budget.workspace, workspace or "-") and globs.name_fits(
        budget.client, client
    )


def balances(
    budgets: Iterable[Budget],
    spent: Iterable[Spent],
    *,
    workspace: str,
    client: str,
    day: str,
    per_usd: float,
) -> tuple[Balance, ...]:
    """Return the balance of each budget that concerns this request.

    `spent` holds what was spent and what is reserved for calls under way.
    """
    entries = tuple(spent)
    return tuple(
        Balance(budget, used(budget, entries, day=day, per_usd=per_usd))
        for budget in budgets
        if concerns(budget, workspace, client)
    )


def used(budget: Budget, spent: Iterable[Spent], *, day: str, per_usd: float) -> float:
    """Return what counts towards the budget on that day or in its month, in the currency."""
    return math.fsum(
        entry.usd * per_usd
        for entry in spent
        if entry.day[: _length(budget)] == day[: _length(budget)]
        and concerns(budget, entry.workspace, entry.client)
    )


def _length(budget: Budget) -> int:
    return 10 if budget.per == "day" else 7


def tightest(found: Iterable[Balance]) -> Balance | None:
    """Return the balance with the least left; None without any."""
    return min(found, key=lambda balance: balance.left, default=None)


def dearest_usd(candidate: Candidate, input_tokens: int, max_output_tokens: int | None) -> float:
    """Return what a call can cost at most: nothing cached, and the longest answer allowed."""
    output = UNBOUNDED_ANSWER_TOKENS if max_output_tokens is None else max_output_tokens
    price = candidate.price
    return (input_tokens * price.input + output * price.output) / 1e6

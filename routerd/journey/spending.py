"""What was spent and what is about to be: shared by all requests of the daemon."""

import logging
import time
from collections.abc import Callable, Iterable

from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.core.policy import Policy
from routerd.core.request import Request
from routerd.policy import budgets
from routerd.policy.budgets import Spent

_log = logging.getLogger(__name__)
Keep = Callable[[Spent], None]


def today() -> str:
    """Return the local date."""
    return time.strftime("%Y-%m-%d")


class Spending:
    """Sums by day, workspace and client, and the reservations of calls under way.

    `keep` writes a sum down; it must not block. All calls are made on the event loop, between
    whose awaits nothing changes, so checking and reserving can't be parted.
    """

    def __init__(self, keep: Keep | None = None, day: Callable[[], str] = today) -> None:
        self._keep = keep
        self._day = day
        self._sums: dict[tuple[str, str, str], float] = {}
        self._reserved: dict[str, Spent] = {}

    def load(self, past: Iterable[Spent]) -> None:
        """Take in what earlier runs spent."""
        for entry in past:
            self._add(entry)

    def left(self, policy: Policy, request: Request) -> budgets.Balance | None:
        """Return the tightest balance for this request, None where no budget concerns it."""
        if not policy.budget:
            return None
        found = budgets.balances(
            policy.budget,
            self.entries(),
            workspace=request.workspace,
            client=request.client,
            day=self._day(),
            per_usd=policy.per_usd,
        )
        return budgets.tightest(found)

    def entries(self) -> tuple[Spent, ...]:
        """Return all sums and all reservations."""
        sums = tuple(Spent(*key, usd) for key, usd in self._sums.items())
        return sums + tuple(self._reserved.values())

    def reserve(self, decision: Decision, request: Request) -> None:
        """Set aside what the dearest of the ranked models can cost."""
        tokens, bound = decision.features.input_tokens, request.limits.max_output_tokens
        usd = max(
            (budgets.dearest_usd(entry.candidate, tokens, bound) for entry in decision.ranked),
            default=0.0,
        )
        if usd > 0:
            self._reserved[decision.id] = Spent(self._day(), request.workspace, request.client, usd)

    def settle(self, decision: Decision, outcome: Outcome, request: Request) -> None:
        """Replace the reservation by what it was.

        A call that broke off after its first byte was paid for all the same, and nobody said how
        much: what was expected counts.
        """
        self._reserved.pop(decision.id, None)
        usd = outcome.cost_usd
        if usd <= 0 and outcome.model and outcome.finish in ("failed", "cancelled"):
            usd = next(
                (e.expected_cost_usd for e in decision.ranked if e.candidate.name == outcome.model),
                0.0,
            )
        if not 0 < usd < 1e9:
            return
        entry = Spent(self._day(), request.workspace, request.client, usd)
        self._add(entry)
        if self._keep is not None:
            self._keep(entry)

    def _add(self, entry: Spent) -> None:
        key = (entry.day, entry.workspace, entry.client)
        self._sums[key] = self._sums.get(key, 0.0) + entry.usd

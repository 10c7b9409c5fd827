"""What was spent and what is about to be: shared by all requests of the daemon."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.core.policy import Policy
from routerd.core.request import Request
from routerd.policy import budgets
from routerd.policy.budgets import Spent

Keep = Callable[[Spent], None]


def today() -> str:
    """Return the local date."""
    return time.strftime("%Y-%m-%d")


class Spending:
    """Sums by day, workspace and client, and the reservations of calls under way.

    `keep` writes a sum down; it must not block. What is reserved is written at once and given back
    when the call is over: a crash in between leaves too much on the account, never too little.
    All calls are made on the event loop, between whose awaits nothing changes, so checking and
    reserving can't be parted.
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

    def clear(self) -> None:
        """Forget all sums; what is under way counts on."""
        self._sums.clear()

    def left(self, policy: Policy, request: Request) -> budgets.Balance | None:
        """Return the tightest balance for this request, None where no budget concerns it."""
        if not policy.budget:
            return None
        day = self._day()
        found = budgets.balances(
            policy.budget,
            self.entries(day),
            workspace=request.workspace,
            client=request.client,
            day=day,
            per_usd=policy.per_usd,
        )
        return budgets.tightest(found)

    def entries(self, day: str) -> tuple[Spent, ...]:
        """Return all sums and all reservations of that day's month."""
        month = day[:7]
        sums = [Spent(*key, usd) for key, usd in self._sums.items() if key[0].startswith(month)]
        return (*sums, *(e for e in self._reserved.values() if e.day.startswith(month)))

    def reserve(self, decision: Decision, request: Request) -> None:
        """Set aside what the dearest of the ranked models can cost."""
        usd = max(
            (_dearest_usd(e.candidate, decision, request) for e in decision.ranked), default=0.0
        )
        if usd > 0:
            self._reserve(decision.id, Spent(self._day(), request.workspace, request.client, usd))

    def afford(
        self, candidate: Candidate, decision: Decision, request: Request, policy: Policy
    ) -> bool:
        """Set aside what one more attempt can cost; False where a budget has no room for it.

        The attempt before it may have to be paid for as well, although it gave no answer.
        """
        usd = _dearest_usd(candidate, decision, request)
        if usd <= 0:
            return True
        balance = self.left(policy, request)
        if balance is not None and not usd * policy.per_usd <= balance.left:
            return False
        before = self._reserved.get(decision.id)
        day = before.day if before else self._day()
        self._reserve(decision.id, Spent(day, request.workspace, request.client, usd))
        return True

    def _reserve(self, identity: str, entry: Spent) -> None:
        before = self._reserved.get(identity)
        self._reserved[identity] = replace(entry, usd=entry.usd + (before.usd if before else 0.0))
        self._write(entry)

    def settle(self, decision: Decision, outcome: Outcome, request: Request) -> None:
        """Replace the reservation by what it was.

        A call that broke off after its first byte was paid for all the same, and so was an answer
        that another one replaced; nobody said how much: what was expected counts.
        """
        if reserved := self._reserved.pop(decision.id, None):
            self._write(replace(reserved, usd=-reserved.usd))
        expected = {e.candidate.name: e.expected_cost_usd for e in decision.ranked}
        usd = outcome.cost_usd
        if usd <= 0 and outcome.model and outcome.finish in ("failed", "cancelled"):
            usd = expected.get(outcome.model, 0.0)
        replaced = [a.model for a in outcome.attempts if a.failure and a.model != outcome.model]
        begun = {a.model for a in outcome.attempts if a.ttft_s >= 0 or a.failure == "unverified"}
        usd += sum(expected.get(model, 0.0) for model in replaced if model in begun)
        if not 0 < usd < 1e9:
            return
        entry = Spent(self._day(), request.workspace, request.client, usd)
        self._add(entry)
        self._write(entry)

    def _write(self, entry: Spent) -> None:
        if self._keep is not None and math.isfinite(entry.usd):
            self._keep(entry)

    def _add(self, entry: Spent) -> None:
        key = (entry.day, entry.workspace, entry.client)
        self._sums[key] = self._sums.get(key, 0.0) + entry.usd


def _dearest_usd(candidate: Candidate, decision: Decision, request: Request) -> float:
    tokens, bound = decision.features.input_tokens, request.limits.max_output_tokens
    return budgets.dearest_usd(candidate, tokens, bound)

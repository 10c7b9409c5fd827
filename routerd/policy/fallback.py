"""After a failed attempt: try the next candidate, or stop. Time and counts are arguments.

Nothing here applies once a byte of the answer has gone to the client: from then on a failure is
told, never papered over with another model's words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from routerd.core.decision import Ranked
from routerd.core.errors import ProviderFailed
from routerd.core.outcome import Attempt, FailureKind

MAX_ATTEMPTS = 4
# Retries may add a fifth to the load, so that an outage is not made worse by its own cure; the
# first few are free, or a quiet daemon could never retry at all.
RETRY_SHARE = 0.20
RETRY_ALLOWANCE = 10
_SERVER_GONE: frozenset[FailureKind | None] = frozenset({"refused", "offline", "credential"})


@dataclass(slots=True)
class RetryBudget:
    """Counts requests and retries of this daemon."""

    requests: int = 0
    retries: int = 0

    @property
    def left(self) -> bool:
        """Whether one more retry is within the budget."""
        return self.retries < RETRY_ALLOWANCE + RETRY_SHARE * self.requests


def next_candidate(
    ranked: Sequence[Ranked],
    tried: Sequence[Attempt],
    failure: ProviderFailed,
    budget: RetryBudget,
) -> Ranked | None:
    """Return who is asked next, or None to stop. `failure` ended the last of `tried`.

    A failure that says the request itself is at fault stops at once. A provider that refused the
    connection or the key takes all its models with it: they share the dead server. A timeout does
    not: a smaller model of the same server may be quick enough.
    """
    if not failure.retryable or len(tried) >= MAX_ATTEMPTS or not budget.left:
        return None
    asked = {attempt.model for attempt in tried}
    dead = {attempt.model.partition("/")[0] for attempt in tried if attempt.failure in _SERVER_GONE}
    for entry in ranked:
        candidate = entry.candidate
        if candidate.name not in asked and candidate.provider not in dead:
            return entry
    return None

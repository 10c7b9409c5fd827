"""After a failed attempt: try the next candidate, or stop. Time and counts are arguments.

Nothing here applies once a byte of the answer has gone to the client: from then on a failure is
told, never papered over with another model's words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from routerd.core.decision import Ranked
from routerd.core.errors import ProviderFailed
from routerd.core.outcome import Attempt, FailureKind

MAX_ATTEMPTS = 4
# How often an answer that failed its checks may be asked for one rung higher.
MAX_RISES = 2
# Seconds that a request waits in all for backends that said when to come back (Retry-After).
PATIENCE_S, PATIENCE_ALONE_S = 1.0, 5.0
# Retries may add a fifth to the load, so that an outage is not made worse by its own cure; the
# first few are free, or a quiet daemon could never retry at all.
RETRY_SHARE = 0.20
RETRY_ALLOWANCE = 10
_SERVER_GONE: frozenset[FailureKind | None] = frozenset({"refused", "offline", "credential"})


@dataclass(slots=True)
class RetryBudget:
    """Counts requests, retries, and the retries that went up a rung, of this daemon."""

    requests: int = 0
    retries: int = 0
    rises: int = 0

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
    return next(_left(ranked, tried), None)


def next_rung(
    ranked: Sequence[Ranked], tried: Sequence[Attempt], failed: Ranked, budget: RetryBudget
) -> Ranked | None:
    """Return who is asked after an answer that failed its checks, or None to let it pass.

    The first in the ranking that is more likely to do well than the one that `failed`. `tried`
    are the attempts before it. Who may answer at all was settled by the decision: a cloud's model
    is in the ranking only if policy let it in from the start.
    """
    rises = sum(attempt.failure == "unverified" for attempt in tried)
    if rises >= MAX_RISES or len(tried) + 1 >= MAX_ATTEMPTS or not budget.left:
        return None
    asked = failed.candidate.name
    return next(
        (e for e in _left(ranked, tried) if e.candidate.name != asked and _above(e, failed)), None
    )


def wait_s(
    failure: ProviderFailed, following: Ranked | None, waited_s: float, tried: Sequence[Attempt]
) -> float | None:
    """Return how long to wait and then ask the same candidate again; None to go on to the next.

    A backend that says when it can be asked again is waited for: a moment where another could
    answer instead, longer where nobody else can.
    """
    wish_s = failure.retry_after_s
    if wish_s is None or not failure.retryable or len(tried) >= MAX_ATTEMPTS:
        return None
    again = sum(attempt.model == tried[-1].model for attempt in tried) if tried else 0
    if following is not None and again > 1:
        return None  # it was waited for once; now another's turn
    patience_s = PATIENCE_S if following is not None else PATIENCE_ALONE_S
    return wish_s if waited_s + wish_s <= patience_s else None


def _above(entry: Ranked, failed: Ranked) -> bool:
    return entry.p_success > failed.p_success and not entry.candidate.plumbing


def _left(ranked: Sequence[Ranked], tried: Sequence[Attempt]) -> Iterator[Ranked]:
    """Yield, in order, who was not asked yet and whose server answers."""
    asked = {attempt.model for attempt in tried}
    dead = {attempt.model.partition("/")[0] for attempt in tried if attempt.failure in _SERVER_GONE}
    for entry in ranked:
        candidate = entry.candidate
        if candidate.name not in asked and candidate.provider not in dead:
            yield entry

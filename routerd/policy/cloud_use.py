"""Whether any request could be answered by a cloud now, and if not, why; for the faces."""

from collections.abc import Iterable, Sequence

from routerd.core.candidate import Candidate
from routerd.core.policy import Budget, Condition, Policy
from routerd.core.status import EngineStatus
from routerd.policy import ruling
from routerd.policy.ruling import Ruling


def barrier(
    candidates: Iterable[Candidate],
    engines: Sequence[EngineStatus],
    policy: Policy,
    reached: Iterable[Budget],
    *,
    offline: bool,
) -> str:
    """Return what keeps every request from the clouds, '' where one could go there.

    Only what holds for all requests counts: rules without a condition and budgets for everything.
    `reached` are the budgets that are used up.
    """
    if offline:
        return "offline mode is on"
    clouds = [c for c in candidates if c.zone == "cloud" and c.usable and not c.circuit_open]
    if not clouds:
        told = [e for e in engines if e.zone == "cloud"]
        missing = "no cloud has a key; `routerd keys set NAME` stores one"
        return f"{told[0].name}: {told[0].detail or 'no models'}" if told else missing
    spent = next((b.id for b in reached if b.workspace == "*" and b.client == "*"), "")
    if spent:
        return f"budget {spent} is used up"
    always = Ruling(policy, tuple(r for r in policy.rule if _unconditional(r.when, r.unless)))
    refusals = [ruling.refusal(ruling.subject_of(c, always, 0.0), always) for c in clouds]
    return "" if None in refusals else str(refusals[0])


def _unconditional(when: Condition, unless: Condition | None) -> bool:
    return when == Condition() and unless is None

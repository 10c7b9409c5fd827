"""What came of a decision: numbers and names, never the prompt."""

from dataclasses import dataclass, field
from typing import Literal

from routerd.core.response import Usage

FailureKind = Literal[
    "refused",
    "timeout",
    "overloaded",
    "protocol",
    "died",
    "rejected",
    "credential",
    "offline",
    "unverified",
]
Finish = Literal["stop", "length", "tool_calls", "content_filter", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one candidate. Times are seconds; `ttft_s` is -1 when no byte came.

    `checked` things of its answer were checked by their form, `faults` says which failed.
    """

    model: str
    started_s: float
    duration_s: float
    ttft_s: float = -1.0
    failure: FailureKind | None = None
    error: str = ""
    checked: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one request.

    `success` is 1.0 for a complete answer, 0.0 for a failure or an answer with faults, and None
    when cancelled (nothing learnt about quality). Costs in US dollars.
    """

    decision_id: str
    finish: Finish
    attempts: tuple[Attempt, ...] = ()
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    baseline_cost_usd: float = 0.0
    ttft_s: float = -1.0
    duration_s: float = 0.0
    success: float | None = None
    error: str = ""

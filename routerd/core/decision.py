"""Which model shall answer, and why."""

from dataclasses import dataclass

from routerd.core.candidate import Candidate
from routerd.core.features import Features
from routerd.core.policy import Finding
from routerd.core.session import Hold


@dataclass(frozen=True, slots=True)
class Terms:
    """The five terms of the score, each 0..1, before weighting."""

    complexity: float
    history: float
    cost: float
    latency: float
    availability: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate that passed every hard filter, with its score.

    `p_success` is the estimated probability of a good answer; `above_floor` tells whether it
    clears the quality floor (those that don't stand behind those that do). `notes` say in words
    what made each term what it is.
    """

    candidate: Candidate
    terms: Terms
    total: float
    p_success: float
    expected_cost_usd: float
    expected_seconds: float
    above_floor: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A candidate that may not answer, the rule that says so, and why in words."""

    candidate: Candidate
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of choosing; `ranked` is best first and may be empty.

    `weights` are those in force. `requested_model` is what the client asked for; `baseline` is
    the model that savings are measured against. `hold`: what the conversation so far did.
    `policy_rules` are the ids of the user's rules that apply; `findings` what was found where the
    request could leave this machine, and `screened` the verdict on them. `floor` is the share of
    the best p_success that one must reach; `output_bound` the client's on the answer in tokens, 0
    without one. `explored`: which model was put first to learn of it, and instead of whom.
    """

    id: str
    features: Features
    ranked: tuple[Ranked, ...]
    exclusions: tuple[Exclusion, ...]
    weights: Terms
    profile: str
    requested_model: str = "auto"
    baseline: str = ""
    pinned: str = ""
    decide_ms: float = 0.0
    hold: Hold = Hold()  # noqa: RUF009  # frozen
    policy_rules: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    screened: str = ""
    floor: float = 0.0
    output_bound: int = 0
    explored: str = ""

    @property
    def chosen(self) -> Ranked | None:
        """The first choice, or None where nobody may answer."""
        return self.ranked[0] if self.ranked else None

    @property
    def reason(self) -> str:
        """One line that fits a response header."""
        if not self.ranked:
            return "no candidate"
        best = self.ranked[0]
        if self.pinned:
            return f"pinned by the client: {self.pinned}"
        if self.hold.action not in ("", "first"):
            return f"{self.hold.action.replace('_', ' ')}: {self.hold.because}"
        if self.explored:
            return f"exploring {self.explored}"
        reading = self.features.reading
        return (
            f"{reading.task} complexity {reading.complexity:.2f}; score {best.total:.3f}, "
            f"p(success) {best.p_success:.2f}, {len(self.ranked)} of "
            f"{len(self.ranked) + len(self.exclusions)} candidates"
        )

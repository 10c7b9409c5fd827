"""What routerd's MCP tools answer; the schemas that clients are told are made of these."""

from typing import Any

from pydantic import BaseModel


class Answered(BaseModel):
    """An answer and who gave it."""

    text: str
    model: str
    decision: str
    reason: str
    finish: str
    input_tokens: int
    output_tokens: int
    notice: str = ""


class Terms(BaseModel):
    """The five terms of the score, each 0..1."""

    complexity: float
    history: float
    cost: float
    latency: float
    availability: float


class Scored(BaseModel):
    """A candidate that may answer."""

    model: str
    zone: str
    total: float
    terms: Terms
    p_success: float
    above_floor: bool
    expected_cost_usd: float
    expected_seconds: float


class Excluded(BaseModel):
    """A candidate that may not, and why."""

    model: str
    rule: str
    reason: str


class Read(BaseModel):
    """What the classifier understood."""

    task: str
    task_confidence: float
    complexity: float
    language: str


class Decided(BaseModel):
    """A decision with every candidate."""

    id: str
    chosen: str | None
    reason: str
    profile: str
    weights: Terms
    features: Read
    candidates: list[Scored]
    exclusions: list[Excluded]


class Why(Decided):
    """A past decision with what came of it."""

    outcome: dict[str, Any] | None


class Judged(BaseModel):
    """What a word of feedback was on."""

    decision: str
    model: str
    value: float


class ModelInfo(BaseModel):
    """A model and whether it can be used now."""

    name: str
    zone: str
    context_tokens: int
    capabilities: list[str]
    warm: bool
    usable: bool
    reason: str


class Models(BaseModel):
    """All known models."""

    models: list[ModelInfo]


class Mode(BaseModel):
    """The mode now in force."""

    offline: bool


class Saved(BaseModel):
    """Sums over some answers; money in the currency beside them.

    `cost` is what was paid, `saved` what the baseline would have cost more, over the answers that
    could be compared (`compared`). `local_share`: of all answers, those given on this machine.
    """

    requests: int
    answered: int
    compared: int
    input_tokens: int
    output_tokens: int
    cost: float
    baseline_cost: float
    saved: float
    local_share: float | None


class SavedBy(Saved):
    """The same for one model."""

    model: str
    zone: str


class Savings(BaseModel):
    """What was saved against always asking the baseline."""

    days: int
    currency: str
    baseline: str
    period: Saved
    today: Saved
    total: Saved
    by_model: list[SavedBy]

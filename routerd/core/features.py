"""What routerd understood of a request."""

from dataclasses import dataclass, field
from typing import Literal

Task = Literal[
    "completion",
    "generation",
    "refactoring",
    "debugging",
    "documentation",
    "testing",
    "explanation",
    "review",
    "operations",
    "other",
]
TASKS: tuple[Task, ...] = (
    "completion",
    "generation",
    "refactoring",
    "debugging",
    "documentation",
    "testing",
    "explanation",
    "review",
    "operations",
    "other",
)
LatencyClass = Literal["completion", "interactive", "background"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One forward pass of the classifier.

    `task_confidence` is calibrated, 0..1; `complexity` 0..1; `embedding` is a unit vector of
    384 float32, little-endian (the form sqlite-vec stores), empty where there is no model.
    """

    task: Task = "other"
    task_confidence: float = 0.0
    complexity: float = 0.5
    language: str = "none"
    embedding: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Needs:
    """What an answering model must be able to do."""

    tools: bool = False
    vision: bool = False
    json_schema: bool = False
    fim: bool = False
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A similar past task and how a model did on it.

    `similarity` is cosine, -1..1; `success` 0..1; `age_s` seconds since it was answered.
    """

    model: str
    similarity: float
    success: float
    age_s: float


@dataclass(frozen=True, slots=True)
class Features:
    """All that the decision may look at; never the prompt itself.

    `sensitivity` is what screening found: "secret", "personal"; empty where nothing was looked for.
    """

    reading: Reading = Reading()
    input_tokens: int = 0
    needs: Needs = Needs()
    latency_class: LatencyClass = "interactive"
    neighbours: tuple[Neighbour, ...] = ()
    understand_ms: float = 0.0
    sensitivity: tuple[str, ...] = ()

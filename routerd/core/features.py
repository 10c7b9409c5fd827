"""What routerd understood of a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from routerd.core.belief import Belief

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
    """What an answering model must be able to do.

    `native`: the dialect that its backend must speak itself, for content no other dialect can say.
    """

    tools: bool = False
    vision: bool = False
    json_schema: bool = False
    fim: bool = False
    context_tokens: int = 0
    embeds: bool = False
    native: str = ""


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

    `beliefs`: by candidate name. `sensitivity` is what screening found: "secret", "personal"; empty
    where nothing was looked for.
    """

    reading: Reading = Reading()
    input_tokens: int = 0
    needs: Needs = Needs()
    latency_class: LatencyClass = "interactive"
    neighbours: tuple[Neighbour, ...] = ()
    understand_ms: float = 0.0
    beliefs: Mapping[str, Belief] = field(default_factory=dict)
    harder: float = 0.0
    sensitivity: tuple[str, ...] = ()

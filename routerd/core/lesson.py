"""A past task that something was seen of after its answer."""

from dataclasses import dataclass

from routerd.core.features import Reading


@dataclass(frozen=True, slots=True)
class Lesson:
    """Which model answered, how likely the answer was good (0..1), and how the task was read."""

    model: str
    success: float
    reading: Reading
    input_tokens: int

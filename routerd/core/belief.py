"""What outcomes have taught of a model, and the later evidence that it is learnt from."""

import math
from dataclasses import dataclass
from typing import Literal

Event = Literal[
    "sound",
    "faults",
    "worked",
    "moved_on",
    "asked_again",
    "tool_failed_twice",
    "edited_again",
    "malformed_tool_call",
    "refused",
    "feedback",
]


@dataclass(frozen=True, slots=True)
class Belief:
    """How far a model's ability is from what is known of it by name, for one kind of task.

    `shift` in logits, `weight` in answers (recent ones count most). `changed_s`: seconds since it
    became another (an update, a quantisation); what it did before says little of it now.
    `output_tokens`: how long its answers are, 0 where not known.
    """

    shift: float = 0.0
    weight: float = 0.0
    changed_s: float = math.inf
    output_tokens: float = 0.0

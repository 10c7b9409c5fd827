"""What is known of a conversation: who answers it, what its transcript shows, what that did."""

from dataclasses import dataclass
from typing import Literal

from routerd.core.features import Reading

Sign = Literal[
    "tool_failed_twice",
    "edited_again",
    "asked_again",
    "malformed_tool_call",
    "refused",
]
Action = Literal["", "first", "kept", "switched", "escalated", "stepped_down", "forced"]


@dataclass(frozen=True, slots=True)
class Signs:
    """What a transcript shows.

    `tool_open`: the model's last turn called tools and it has not spoken since. `signed`: the
    transcript holds reasoning that is bound to the model that wrote it. `against`: evidence that
    the present model is not up to it. `well`: a tool said that things work now. `calm_turns`: what
    the user has asked since the last evidence against the model, in turns.
    """

    tool_open: bool = False
    signed: bool = False
    against: tuple[Sign, ...] = ()
    well: bool = False
    calm_turns: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger knows of a conversation before the next answer.

    `model` answered last, `decision` is that decision's id; `since` is how many messages there
    were when the model took over, `seen` how many at its last answer. `rung` is the least ability
    (logits) that evidence has latched. `cached_tokens` of the prompt are likely still in the
    model's prefix cache. `prefix` is a digest of all that was said so far, `reading` what the last
    turn was read as. An unknown conversation is `Standing()`.
    """

    key: str = ""
    model: str = ""
    decision: str = ""
    since: int = 0
    seen: int = 0
    rung: float | None = None
    cached_tokens: int = 0
    prefix: str = ""
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """What the conversation did to a decision: `action` in a word, `because` in words.

    `before` is the model that held the conversation, `rung` what is latched from now on. `bound`:
    no other model may take over in the middle of this.
    """

    action: Action = ""
    before: str = ""
    rung: float | None = None
    because: str = ""
    evidence: tuple[Sign, ...] = ()
    bound: bool = False

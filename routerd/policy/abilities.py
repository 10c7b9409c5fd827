"""What a model is likely able to do, from its name and size alone.

Models without measured outcomes are placed by the logarithm of their size, coding
families a little higher, with wide uncertainty; outcomes then move them.
"""

import math
import re
from dataclasses import dataclass

_SIZE = re.compile(
    r"(?<![\w.])(?:(\d+)x)?(\d+(?:\.\d+)?)(?:(\s*b)|m)(?![a-z\d])", re.ASCII | re.IGNORECASE
)
CODER_WORDS = ("coder", "code", "starcoder", "codestral", "devstral", "granite-code")
# A 7B code model stands at 1.0 (see policy.scores). Over 46 models with recorded outcomes an
# e-fold of size is worth 0.31, within single families 0.23 to 0.33 (models/abilities/CARD.md);
# newer families gain a little more.
ABILITY_AT_7B, PER_E_FOLD = 0.8, 0.35
CODER_BONUS = 0.2
UNKNOWN, UNKNOWN_SD, SIZED_SD = 0.3, 1.5, 0.8


@dataclass(frozen=True, slots=True)
class Guess:
    """An ability in logits and its standard deviation."""

    ability: float
    sd: float


def size_from_name(name: str) -> float:
    """Return billions of parameters read off a model's name, 0 where it doesn't tell.

    "qwen2.5-coder:7b" gives 7; "mixtral-8x7b" gives 56; "gemma3:270m" gives 0.27.
    """
    found = _SIZE.findall(name.replace("_", "-").replace("-", " ").replace(":", " "))
    sizes = (
        float(count or 1) * float(size) * (1.0 if billions else 1e-3)
        for count, size, billions in found
    )
    return max(sizes, default=0.0)


def guess(name: str, parameters_b: float = 0.0) -> Guess:
    """Return the ability to start from."""
    size = parameters_b or size_from_name(name)
    if not size > 0:  # nor where it is not a number
        return Guess(UNKNOWN, UNKNOWN_SD)
    bonus = CODER_BONUS if any(word in name.lower() for word in CODER_WORDS) else 0.0
    # Below a thousand parameters the scale has ended; a quotient of zero has no logarithm.
    ability = ABILITY_AT_7B + PER_E_FOLD * math.log(max(size, 1e-6) / 7.0) + bonus
    return Guess(max(-4.0, min(4.5, ability)), SIZED_SD)

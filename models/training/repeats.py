"""Finds texts that say nearly the same, so that a score is never earned by a copy."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

SHINGLE_WORDS = 4
ALIKE = 0.6
_WORD = re.compile(r"\w+")
_COMMON = 200
"""A run of words that stands in more texts than this is a template and says nothing."""


def near_repeats(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs (earlier, later) of texts that share at least 0.6 of their runs of 4 words.

    Texts below 4 words are one run; such short ones are repeats only when equal.
    """
    runs = [_runs(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for later, mine in enumerate(runs):
        shared: Counter[int] = Counter()
        for run in mine:
            if len(holders[run]) <= _COMMON:
                shared.update(holders[run])
        for earlier, count in shared.items():
            if count / len(mine | runs[earlier]) >= ALIKE:
                pairs.append((earlier, later))
        for run in mine:
            holders[run].append(later)
    return pairs


def _runs(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    count = max(1, len(words) - SHINGLE_WORDS + 1)
    return frozenset(" ".join(words[start : start + SHINGLE_WORDS]) for start in range(count))

"""Finds texts that say nearly the same, so that a score is never earned by a copy."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

SHINGLE_WORDS = 4
ALIKE = 0.6
_WORD = re.compile(r"\w+")
_COMMON = 200
"""A run of words that stands in more texts than this is a template and says nothing."""


def near_repeats(texts: Sequence[str], of_first: int | None = None) -> list[tuple[int, int]]:
    """Return pairs (earlier, later) of texts that share at least 0.6 of their runs of 4 words.

    Texts below 4 words are one run; such short ones are repeats only when equal. `of_first`:
    look for repeats of the first so many texts alone, which takes a fifth of the time.
    """
    runs = [_runs(text) for text in texts]
    holders: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for later, mine in enumerate(runs):
        shared: Counter[int] = Counter()
        for run in mine:
            if len(holding := holders.get(run, ())) <= _COMMON:
                shared.update(holding)
        for earlier, count in shared.items():
            if count / len(mine | runs[earlier]) >= ALIKE:
                pairs.append((earlier, later))
        if of_first is not None and later >= of_first:
            continue
        for run in mine:
            holders[run].append(later)
    return pairs


def _runs(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    count = max(1, len(words) - SHINGLE_WORDS + 1)
    return frozenset(" ".join(words[start : start + SHINGLE_WORDS]) for start in range(count))

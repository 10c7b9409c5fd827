"""Mends slips of the keyboard in common English words before a text is read.

People type fast: "udate teh docuemntation". A small network reads a misspelled word as pieces that
mean nothing. Mended is a word that the vocabulary does not hold and that is one slip (two letters
swapped, one left out, doubled, added or mistyped) from a word developers use often; names, code,
paths and other languages stay. Pure.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

WORDS_FILE = "common_words.txt"
"""Words of four or more prompts that the classifier was taught, most used first (CC0)."""

MEANT = 3000
"""A slip is mended into one of so many most used words; the rarer ones just are no slips."""

WORD = re.compile(r"(?<![\w./@\\:'\u2019#-])[A-Za-z]{2,20}(?![\w/(\\@=-]|[.:]\w|['\u2019]\w)")
"""A word of prose: no part of a path, a call, an address or a hyphenated name."""

ENGLISH_SHARE = 0.5
"""Share of its words a text needs among the common ones; one in another language has fewer."""

ASCII_SHARE = 0.9
"""Share of its characters that are ASCII in an English text."""

MOST_MENDED = 8
"""Strange words looked at per text, some 0.2 ms each; a pasted log holds hundreds that are no slips."""

SHORTEST, SWAPS_ONLY_BELOW = 3, 5
"""Shorter words have too many neighbours, for any slip or for any but two letters swapped."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Speller:
    """Mends texts for a vocabulary; `is_known` tells whether it holds a word in lower case."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        self._is_known = is_known
        self._common = common_words()

    def mend(self, text: str) -> str:
        """Return `text` with slips in common words mended, itself where it isn't English."""
        words = [word.lower() for word in WORD.findall(text)]
        rare = [word for word in words if word not in self._common]
        if not rare or len(words) - len(rare) < ENGLISH_SHARE * len(words):
            return text
        if sum(map(str.isascii, text)) < ASCII_SHARE * len(text):
            return text
        strange = filter(self._is_strange, dict.fromkeys(rare))
        mended = {word: self._nearest(word) for word in islice(strange, MOST_MENDED)}
        return WORD.sub(lambda match: _in_case(match[0], mended.get(match[0].lower())), text)

    def _is_strange(self, word: str) -> bool:
        return len(word) >= SHORTEST and not self._is_known(word)

    def _nearest(self, word: str) -> str | None:
        """Return the most used word that is one slip away, None where there is none."""
        near = [
            other
            for other in _slips(word)
            if self._common.get(other, MEANT) < MEANT
            and self._is_known(other)
            and not _inflected(word, other)
        ]
        return min(near, key=self._common.__getitem__, default=None)


@cache
def common_words() -> dict[str, int]:
    """Return word -> rank, 0 the most used."""
    text = Path(__file__).with_name(WORDS_FILE).read_text(encoding="utf-8")
    return {word: rank for rank, word in enumerate(text.split())}


def _slips(word: str) -> Iterator[str]:
    """Yield what one slip may have made this of. The first letter is seldom the wrong one."""
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if len(word) < SWAPS_ONLY_BELOW:
        return
    if word[0] == word[1]:
        yield word[1:]
    for at in range(1, len(word) + 1):
        yield word[:at] + word[at + 1 :]
        for letter in _LETTERS:
            yield word[:at] + letter + word[at:]
            yield word[:at] + letter + word[at + 1 :]


def _inflected(word: str, other: str) -> bool:
    """Whether both are forms of one word, whose pieces mean what they should."""
    if word.startswith(other):
        return word[-1] != word[-2]
    return other.startswith(word) and other.endswith("s")


def _in_case(word: str, mended: str | None) -> str:
    """Return the mended word in the case of the typed one; a name in mixed case stays."""
    if mended is None or not (word.islower() or word.isupper() or word.istitle()):
        return word
    return mended.upper() if word.isupper() else mended.title() if word.istitle() else mended

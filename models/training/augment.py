"""Rewords training texts on the fly, so that manner of typing and wrapping stop mattering.

Every change keeps the label: casing, typos, lost punctuation, greetings, pasted code or logs
around the ask. Works on texts as `input_text` builds them; seeded by the caller.
"""

import random
import re
from collections.abc import Sequence

OPENERS = (
    *(
        "please ",
        "pls ",
        "hey, ",
        "hi! ",
        "ok ",
        "okay so ",
        "alright, ",
        "now ",
        "next: ",
        "hmm, ",
    ),
    *("can you ", "could you ", "could you please ", "can you pls ", "i need you to ", "let's "),
    *("Hi, I hope you can help. ", "you are an expert engineer. ", "quick one: ", "great. ", "so "),
    *("ultrathink. ", "thanks! ", "In this repository: ", "@workspace ", "Hello! ", "btw "),
)
CLOSERS = (
    *(" please", " thanks", " thx", " thanks!", " pls", " - be brief", " think step by step"),
    *(" answer in english", " keep it short.", " cheers", " asap", " ok?", " (no rush)"),
    *(" Let me know if anything is unclear.", " take your time", " use your best judgement."),
)
_IMPERATIVE_OPENERS = 14
"""The openers up to "let's" lead into an imperative; they fit before any ask well enough."""

_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o",
    "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc",
    "y": "tu", "z": "x",
}  # fmt: skip
_LINE_LABEL = re.compile(r"\n(?=(?:code|selected|error|result|earlier): )")
_END_MARKS = re.compile(r"[.?!,;:]+(?=\s|$)")


class Augmenter:
    """Draws one rewording per call; `pastes` are pieces of code or logs to put beside an ask."""

    def __init__(self, seed: int, pastes: Sequence[str]) -> None:
        self._random = random.Random(seed)  # noqa: S311  # Variety, not secrecy.
        self._pastes = list(pastes)

    def reword(self, text: str) -> str:
        """Return a variant of `text`; about four in ten texts stay as they are."""
        ask, *rest = _LINE_LABEL.split(text)
        draw = self._random.random
        if draw() < 0.4:
            return text
        if draw() < 0.25:
            ask = self._frame(ask)
        if draw() < 0.35:
            ask = typo(ask, self._random, share=0.03)
        if draw() < 0.4:
            ask = self._case(ask)
        if draw() < 0.25:
            ask = _END_MARKS.sub("", ask)
        if self._pastes and not rest and draw() < 0.1:
            paste = self._random.choice(self._pastes)
            rest = [f"{self._random.choice(('code', 'selected', 'selected'))}: {paste}"]
        elif rest and draw() < 0.1:
            rest = rest[:-1]
        return "\n".join([ask, *rest])

    def _frame(self, ask: str) -> str:
        if self._random.random() < 0.6:
            ask = self._random.choice(OPENERS) + ask[:1].lower() + ask[1:]
        if self._random.random() < 0.5:
            ask += self._random.choice(CLOSERS)
        return ask

    def _case(self, ask: str) -> str:
        return self._random.choice((str.lower, str.lower, str.upper, str.capitalize))(ask)


def typo(text: str, source: random.Random, *, share: float) -> str:
    """Swap, drop, double or mistype about `share` of the letters (at least one)."""
    letters = [index for index, character in enumerate(text) if character.isalpha()]
    if len(letters) < 8:
        return text
    characters = list(text)
    count = max(1, min(int(len(letters) * share), 12))
    for index in source.sample(letters, count):
        characters[index] = _mistype(characters, index, source)
    return "".join(characters)


def _mistype(characters: list[str], index: int, source: random.Random) -> str:
    kind, letter = source.randrange(4), characters[index]
    if kind == 0 and index + 1 < len(characters) and characters[index + 1].isalpha():
        following = characters[index + 1]
        characters[index + 1] = letter
        return following
    if kind == 1:
        return ""
    if kind == 2:
        return letter * 2
    return source.choice(_NEIGHBOURS.get(letter.lower(), letter))

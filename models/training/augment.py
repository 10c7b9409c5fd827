"""Rewords training texts on the fly, so that manner of typing and wrapping stop mattering.

Every change keeps the label: casing, typos, lost punctuation, greetings, words of another
language, pasted code or logs around the ask. Works on texts as `input_text` builds them; seeded by the caller.
"""

import random
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from routerd.understanding.rewordings import typo

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

THINNED, DROPPED, FEWEST_WORDS = 0.6, 0.15, 6
SWITCHED = 0.12
"""Share of texts in which every word of one other language's lexicon is said in it."""
UNTOUCHED, PASTED = 0.4, 0.3
"""Shares of texts whose ask is typed as it stands, and usually of those without code that get some."""

_LINE_LABEL = re.compile(r"\n(?=(?:code|selected): )")
_SPOKEN = re.compile(r"(?<![\w./@-])[A-Za-z]+(?![\w/(-]|\.\w)")
_END_MARKS = re.compile(r"[.?!,;:]+(?=\s|$)")


class Variant(NamedTuple):
    """A reworded text; where code was `pasted` beside it, it may show another language."""

    text: str
    pasted: bool


class Augmenter:
    """Draws one rewording per call; `pastes` are pieces of code or logs to put beside an ask.

    `tongues`: language by language, English word -> words that mean it. `pasted`: share of the
    asks without code that get some.
    """

    def __init__(
        self,
        seed: int,
        pastes: Sequence[str],
        tongues: Sequence[Mapping[str, Sequence[str]]] = (),
        pasted: float = PASTED,
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311  # Variety, not secrecy.
        self._pastes = list(pastes)
        self._pasted = pasted
        self._tongues = list(tongues)
        self._sizes = [len(tongue) for tongue in tongues]

    def reword(self, text: str) -> Variant:
        """Return a variant of `text`; about three in ten texts stay as they are."""
        ask, *rest = _LINE_LABEL.split(text)
        draw = self._random.random
        if self._tongues and draw() < SWITCHED:
            ask = self._switch(ask)
        if draw() >= UNTOUCHED:
            if draw() < 0.25:
                ask = self._frame(ask)
            ask = self._retype(ask)
            if rest and draw() < 0.1:
                rest = rest[:-1]
        return self.with_code("\n".join([ask, *rest]))

    def with_code(self, text: str) -> Variant:
        """Put code beside some asks without, as editors attach it or people drop it there."""
        if not self._pastes or _LINE_LABEL.search(text) or self._random.random() >= self._pasted:
            return Variant(text, pasted=False)
        code = self._random.choice(self._pastes)
        forms = (f"{text}\ncode: {code}", f"{text}\nselected: {code}")
        return Variant(
            self._random.choice((*forms, f"{text} {code}", f"{code} {text}")), pasted=True
        )

    def _retype(self, ask: str) -> str:
        draw = self._random.random
        if draw() < 0.35:
            ask = typo(ask, self._random, share=0.03)
        if draw() < 0.4:
            ask = self._case(ask)
        if draw() < 0.25:
            ask = _END_MARKS.sub("", ask)
        if draw() < THINNED:
            ask = self._thin(ask)
        return ask

    def _frame(self, ask: str) -> str:
        if self._random.random() < 0.6:
            ask = self._random.choice(OPENERS) + ask[:1].lower() + ask[1:]
        if self._random.random() < 0.5:
            ask += self._random.choice(CLOSERS)
        return ask

    def _switch(self, ask: str) -> str:
        """Say what a language's lexicon knows in it, as those who mix languages do."""
        tongue = self._random.choices(self._tongues, self._sizes)[0]

        def say(word: re.Match[str]) -> str:
            return self._random.choice(tongue.get(word[0].lower(), (word[0],)))

        return _SPOKEN.sub(say, ask)

    def _thin(self, ask: str) -> str:
        """Leave out one word in seven, so that no single word decides."""
        words = ask.split(" ")
        if len(words) < FEWEST_WORDS:
            return ask
        return " ".join(word for word in words if self._random.random() > DROPPED)

    def _case(self, ask: str) -> str:
        return self._random.choice((str.lower, str.lower, str.upper, str.capitalize))(ask)

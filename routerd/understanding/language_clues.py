"""Names the programming language that a request's own words make evident; '' where none do.

File names, names of languages and their tools, and the look of pasted code say it more surely
than a small network can; the network's reading is asked only where they are silent. Pure, on the
bounded text that `input_text` builds.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

from routerd.understanding.language_words import ERRORS, EXTENSIONS, LOOKS, NAMES, TOOLS

FILE_POINTS, NAME_POINTS, ERROR_POINTS, TOOL_POINTS, LOOK_POINTS = 2.5, 2.5, 2.0, 1.5, 1.5
EVIDENT = 1.5
"""Points a language needs: one clue of any kind will do."""

_MOST_PER_KIND = 3
# What shows the first shows the second as well: TypeScript is JavaScript, `$x = ` begins all three.
_SPEAKS_FOR = (("typescript", "javascript"), ("powershell", "php"), ("perl", "php"))
# They stand beside the language that a project is written in, which is the one asked for.
_BESIDE = frozenset({"bash", "yaml", "sql", "html", "css", "dockerfile", "makefile"})
_BESIDE_SHARE = 0.8
# ASCII: in "用python写" the name stands between words of another script.
_WORD = re.compile(r"[a-z0-9_#+./@-]*[a-z0-9_#+]")
# So does the end of a file's name in "把sum.ts拆开"; and ".ps1 files" are named without one.
_FILE = re.compile(r"(?<![./\\])\.([A-Za-z][A-Za-z0-9_]{0,7})(?![A-Za-z0-9_(/])")
# A page's address ends in what its server makes pages with; that is not what is worked on. Nor is
# "10 a.m." written in MATLAB.
_NO_FILE = re.compile(r"https?://[^\s?#]+?\.(?:html?|php|jsp)\b|\b[ap]\.m\b", re.IGNORECASE)
_CODE_MARKS = re.compile(r"[(){};=<>$\"#:]")


def _by_word(lists: Mapping[str, str]) -> dict[str, str]:
    return {
        word.strip(): language for language, words in lists.items() for word in words.split(",")
    }


_NAME_OF, _TOOL_OF = _by_word(NAMES), _by_word(TOOLS)
_FILE_OF = {end: language for language, ends in EXTENSIONS.items() for end in ends.split()}


def evident_language(text: str) -> str:
    """Return the language with most points, '' where none has enough of them."""
    points = language_points(text)
    for special, wider in _SPEAKS_FOR:
        if points[special] and points[wider]:
            points[special] += points.pop(wider)
    main = any(count >= EVIDENT and name not in _BESIDE for name, count in points.items())
    beside = _BESIDE_SHARE if main else 1.0

    def weight(name: str) -> float:
        return points[name] * (beside if name in _BESIDE else 1.0)

    best = max(points, key=weight, default="")
    return best if best and weight(best) >= EVIDENT else ""


def language_points(text: str) -> Counter[str]:
    """Return points per language that `text` gives clues of; a kind's further clues add less."""
    points: Counter[str] = Counter()
    names, tools = _named(text)
    for found, worth in (
        (_files(text), FILE_POINTS),
        (names, NAME_POINTS),
        (tools, TOOL_POINTS),
        (_seen(ERRORS, text), ERROR_POINTS),
        # Prose has no look of code; it may well quote an error without any code mark.
        (_seen(LOOKS, text) if _CODE_MARKS.search(text) else {}, LOOK_POINTS),
    ):
        for language, count in found.items():
            points[language] += worth * min(count, _MOST_PER_KIND) ** 0.5
    return points


def _files(text: str) -> Counter[str]:
    """Count the endings of file names of each language, each as often as it stands there."""
    ends = (match[1].lower() for match in _FILE.finditer(_NO_FILE.sub(" ", text)))
    return Counter(_FILE_OF[end] for end in ends if end in _FILE_OF)


def _named(text: str) -> tuple[Counter[str], Counter[str]]:
    """Count the distinct names of languages, and of their tools."""
    # In the order of the text: of languages with as many points the first one named is taken.
    terms = dict.fromkeys(_terms(text))
    names = Counter(_NAME_OF[term] for term in terms if term in _NAME_OF)
    tools = Counter(_TOOL_OF[term] for term in terms if term in _TOOL_OF)
    return names, tools


def _terms(text: str) -> Iterator[str]:
    """Yield words and pairs of words, in lower case."""
    words = [match[0].lstrip("@./-") for match in _WORD.finditer(text.lower())]
    yield from words
    for first, second in pairwise(words):
        yield f"{first} {second}"


def _seen(patterns: Mapping[str, re.Pattern[str]], text: str) -> Counter[str]:
    """Count the distinct matches of each language's pattern."""
    found: Counter[str] = Counter()
    for language, pattern in patterns.items():
        hits = {match[0] for match in pattern.finditer(text)}
        if hits:
            found[language] = len(hits)
    return found

"""One detector: a pattern, the words without which it can't match, and a second look."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from routerd.core.policy import Sensitivity

# What stands where a secret would be, in documentation, templates and tests.
_STAND_INS = re.compile(
    r"(?i)example|sample|placeholder|dummy|changeme|change[-_]me|your[-_ ]?|insert|redacted|xxx|"
    r"\bTODO\b|"  # the word that templates have where a secret goes; nothing is left to do here
    r"\*\*\*|\.\.\.|<[^>]*>|\$\{|\{\{|%\(|%s|MASKED_|test[-_]?(?:key|token|secret)|"
    r"(?:secret|token|password|passwd|api[-_]?key|access[-_]?key)$|^(?:none|null|true|false|nil|"
    r"undefined|string|str|bytes|self|os|process|env|config|settings|request)\b"
)
_COMMON = frozenset(
    [
        "password",
        "passwd",
        "pass",
        "secret",
        "token",
        "admin",
        "root",
        "user",
        "username",
        "test",
        "guest",
        "postgres",
        "mysql",
        "redis",
        "rabbitmq",
        "minio",
        "letmein",
        "qwerty",
        "foobar",
        "foo",
        "bar",
        "baz",
        "pwd",
        "pw",
        "hunter2",
        "changeit",
        "default",
    ]
)


@dataclass(frozen=True, slots=True)
class Detector:
    """Matches `pattern`; group 1 is the sensitive text, the whole match where there is none.

    `words`: at least one must occur in the text in lower case; () means always look. `anchored`:
    the pattern begins with one of the words, so it is tried at those places alone. `check` takes a
    second look at the sensitive text, `harmless` one at what stands around it (text, start, end).
    `whole`: no letter or digit may stand right beside it.
    """

    id: str
    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()
    kind: Sensitivity = "secret"
    check: Callable[[str], bool] | None = None
    whole: bool = True
    anchored: bool = False
    harmless: Callable[[str, int, int], bool] | None = None

    def find(self, text: str, lower: str) -> Iterator[tuple[int, int]]:
        """Yield (start, end) of each find; `lower` is `lowered(text)`, made once for all.

        Whether a word occurs at all is for the caller to look.
        """
        for match in self._matches(text, lower):
            group = 1 if match.re.groups and match[1] else 0
            start, end = match.span(group)
            if self.whole and (_joined(text, start - 1) or _joined(text, end)):
                continue
            if self.check is not None and not self.check(text[start:end]):
                continue
            if self.harmless is None or not self.harmless(text, start, end):
                yield start, end

    def _matches(self, text: str, lower: str) -> Iterator[re.Match[str]]:
        if not self.anchored:
            yield from self.pattern.finditer(text)
            return
        for word in self.words:
            at = lower.find(word)
            while at >= 0:
                if match := self.pattern.match(text, at):
                    yield match
                at = lower.find(word, at + len(word))


def lowered(text: str) -> str:
    """Return the text in lower case at the same length: a few letters would grow."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if c.isascii() else c for c in text)


def _joined(text: str, at: int) -> bool:
    return 0 <= at < len(text) and text[at].isalnum()


def entropy(text: str) -> float:
    """Return Shannon's entropy in bits per character; 0 for an empty text."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


def is_stand_in(text: str) -> bool:
    """Whether this stands for a secret rather than being one."""
    return (
        text.lower() in _COMMON
        or _STAND_INS.search(text) is not None
        or len(set(text.lower())) < min(5, len(text))
    )


# Code where a value would stand: a name with dots, brackets or a call, or an algorithm.
_CODE = re.compile(
    r"[A-Za-z_]\w{0,30}(?:\.[A-Za-z_]\w{0,30})+|[A-Za-z_][\w.]*\[[^\]]*\]?|[A-Z_]+"
    r"|[\w.\-]+\([^)]*\)?|[a-z_]\w*"
    r"|(?i:(?:scram-)?sha-?\d{1,3}(?:-\d+)?|md5|bcrypt|argon2\w*|scrypt|pbkdf2[\w\-]*)"
)


def is_code(text: str) -> bool:
    """Whether this is an expression or the name of an algorithm, and no secret itself."""
    return _CODE.fullmatch(text) is not None


def looks_random(text: str) -> bool:
    """Whether letters and digits are mixed as in a generated key."""
    mixed = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    return mixed and entropy(text) >= 3.0 and not is_stand_in(text)


def looks_like_a_password(text: str) -> bool:
    """Whether letters are mixed with digits or signs, and it isn't code or a stand-in."""
    others = sum(not c.isalpha() for c in text)
    letters = sum(c.isalpha() for c in text)
    mixed = bool(letters and others)
    return mixed and entropy(text) >= 2.3 and not (is_code(text) or is_stand_in(text))


class Panel:
    """Detectors in the order of their trust, found by the words that they need.

    Each of the words is looked for once a text; asking two hundred detectors one by one took
    three times as long as all that they then matched.
    """

    def __init__(self, detectors: Iterable[Detector]) -> None:
        self.detectors = tuple(detectors)
        self._always = [n for n, detector in enumerate(self.detectors) if not detector.words]
        self._by_word: dict[str, list[int]] = {}
        for number, detector in enumerate(self.detectors):
            for word in detector.words:
                self._by_word.setdefault(word, []).append(number)

    def concerned(self, lower: str) -> Iterator[Detector]:
        """Yield the detectors that could find something in the text, given in lower case."""
        chosen = set(self._always)
        for word, numbers in self._by_word.items():
            if word in lower:
                chosen.update(numbers)
        for number in sorted(chosen):
            yield self.detectors[number]

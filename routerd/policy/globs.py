"""Globs over paths and names: `*` within a component, `**` across them; nothing is read."""

import re
from functools import lru_cache

_PIECES = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|[^*?/]+|/")
_MEANINGS = {"**/": "(?:[^/]+/)*", "/**": "(?:/.*)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_LITERAL = re.compile(r"^[^*?]*")


@lru_cache(maxsize=1024)
def _compiled(pattern: str, anchored: bool) -> re.Pattern[str]:
    body = "".join(
        _MEANINGS.get(piece[0]) or re.escape(piece[0]) for piece in _PIECES.finditer(pattern)
    )
    return re.compile(body if anchored else f"(?:.*/)?{body}", re.IGNORECASE | re.DOTALL)


def path_fits(pattern: str, path: str) -> bool:
    """Whether `path` fits; a pattern that is not absolute may begin at any component.

    So `src/billing/**` fits `src/billing/tax.py` and `/home/me/shop/src/billing/tax.py`.
    Backslashes count as slashes and case does not count, as on the strictest of file systems.
    """
    clean = path.replace("\\", "/").removeprefix("./")
    return _compiled(pattern, pattern.startswith("/")).fullmatch(clean) is not None


@lru_cache(maxsize=1024)
def _either(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        "|".join(f"(?:{_compiled(one, one.startswith('/')).pattern})" for one in patterns),
        re.IGNORECASE | re.DOTALL,
    )


# An agent's conversation speaks of the same hundreds of paths at every turn.
@lru_cache(maxsize=16_384)
def any_path_fits(patterns: tuple[str, ...], path: str) -> bool:
    """Whether one of the patterns fits, as `path_fits` says."""
    clean = path.replace("\\", "/").removeprefix("./")
    return _either(patterns).fullmatch(clean) is not None


def name_fits(pattern: str, name: str) -> bool:
    """Whether a name such as provider/model or a client fits; `*` crosses slashes here."""
    return _named(pattern).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _named(pattern: str) -> re.Pattern[str]:
    body = "".join(
        ".*" if piece[0].startswith("*") else "." if piece[0] == "?" else re.escape(piece[0])
        for piece in re.finditer(r"\*+|\?|[^*?]+", pattern)
    )
    return re.compile(body, re.IGNORECASE | re.DOTALL)


def may_both_fit(one: str, other: str) -> bool:
    """Whether some text could fit both; errs towards yes where wildcards hide the answer."""
    if one == other or name_fits(one, other) or name_fits(other, one):
        return True
    first, second = (_literal(pattern) for pattern in (one, other))
    wild = first != one and second != other
    return wild and (first.startswith(second) or second.startswith(first))


def covers(wide: str, narrow: str) -> bool:
    """Whether all that fits `narrow` fits `wide`; errs towards no."""
    if wide == narrow or wide.strip("*/") == "":
        return True
    head, star, rest = wide.partition("*")
    open_ended = bool(star) and not rest.strip("*")
    return open_ended and _literal(narrow).startswith(head)


def _literal(pattern: str) -> str:
    found = _LITERAL.match(pattern)
    return found[0] if found else ""

"""A mistyped word and the one that was likely meant. Pure."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is spelt most like `word`, '' where none is near."""
    import difflib  # 4 ms that only a mistake should cost

    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ' Did you mean `x`?', '' where nothing is near."""
    found = nearest(word, known)
    return f" Did you mean `{found}`?" if found else ""

import pytest

from routerd.core.spelling import did_you_mean, nearest

KNOWN = ("status", "stats", "connect", "claude-code", "balanced")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("statsu", "stats"),
        ("conect", "connect"),
        ("claude", "claude-code"),
        ("BALANCED", "balanced"),
        ("xyzzy", ""),
        ("", ""),
    ],
)
def test_a_mistyped_word_is_the_nearest_known_one_or_none(word: str, meant: str) -> None:
    assert nearest(word, KNOWN) == meant
    assert did_you_mean(word, KNOWN) == (f" Did you mean `{meant}`?" if meant else "")

"""Durations as people write them."""

import pytest

from routerd.cli.switching import NoDuration, seconds


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5h", 5400), ("1d", 86400)]
)
def test_a_duration_is_seconds(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "30", "m", "0m", "-1h", "1w", "1h30m"])
def test_anything_else_says_how_to_write_one(text: str) -> None:
    with pytest.raises(NoDuration, match="say such as"):
        seconds(text)

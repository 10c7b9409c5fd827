import pytest

from routerd.cli.render import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "memory", "0 memories"),
        (1, "memory", "1 memory"),
        (2, "request", "2 requests"),
        (14, "day", "14 days"),
        (12_345, "entry", "12,345 entries"),
    ],
)
def test_numbers_agree_with_their_nouns(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text

import math
import time

import pytest

from routerd.dashboard import words


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0, "USD", "$0"),
        (12.345, "EUR", "€12.35"),
        (0.0042, "USD", "$0.0042"),
        (0.00001, "USD", "<$0.0001"),
        (-0.5, "GBP", "\u2212£0.50"),
        (12345.6, "CHF", "CHF 12,346"),
        (None, "USD", words.NOTHING),
        (math.inf, "USD", words.NOTHING),
    ],
)
def test_money_has_as_many_digits_as_it_takes(
    value: float | None, currency: str, text: str
) -> None:
    assert words.money(value, currency) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0031, "3.1 ms"),
        (0.42, "420 ms"),
        (1.25, "1.2 s"),
        (42.4, "42 s"),
        (240, "4 min"),
        (-1.0, words.NOTHING),
        (None, words.NOTHING),
        (math.nan, words.NOTHING),
    ],
)
def test_durations_have_a_unit(value: float | None, text: str) -> None:
    assert words.seconds(value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (812, "812"),
        (7400, "7.4k"),
        (2860, "2.9k"),
        (32768, "32k"),
        (200000, "200k"),
        (1048576, "1M"),
        (0, words.NOTHING),
        (None, words.NOTHING),
    ],
)
def test_windows_are_told_as_they_are_named(number: float | None, text: str) -> None:
    assert words.short(number) == text


def test_counts_shares_and_sizes() -> None:
    assert [words.counted(n) for n in (0, 12_400, 1_250_000, -1)] == [
        "0",
        "12,400",
        "1.2 M",
        words.NOTHING,
    ]
    assert [words.percent(s) for s in (0.905, None)] == ["90%", words.NOTHING]
    assert [words.gigabytes(b) for b in (4.7e9, 0)] == ["4.7 GB", words.NOTHING]
    assert [words.gigabytes(b) for b in (5e7, 270_000)] == ["0.1 GB", "0.3 MB"]
    assert [words.ago(s) for s in (5, 720, 10_800, 345_600)] == ["5 s", "12 min", "3 h", "4 d"]


def test_a_time_of_today_has_no_date() -> None:
    assert words.clock(time.time()).count(":") == 2
    assert words.clock(86_400 * 10).split()[1] == "Jan"


def test_a_reason_does_not_repeat_what_stands_beside_it() -> None:
    row = {"task": "review", "reason": "review complexity 0.40; score 0.8, 3 of 4 candidates"}
    assert words.because(row) == "score 0.8, 3 of 4 candidates"
    assert (
        words.because({"task": "review", "reason": "kept: still the best"})
        == "kept: still the best"
    )

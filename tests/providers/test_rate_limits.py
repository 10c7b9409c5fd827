"""How long to leave a cloud alone, from the headers of each vendor."""

from datetime import UTC, datetime

import pytest

from routerd.providers.rate_limits import LONGEST_S, duration_s, exhausted_s, retry_after_s

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "999999"}, LONGEST_S),
        ({"retry-after": "Thu, 26 Nov 2026 12:01:30 GMT"}, 90.0),
        ({"retry-after": "Thu, 26 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "9", "retry-after-ms": "250"}, 0.25),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-26T12:00:20Z",
            },
            20.0,
        ),
    ],
)
def test_a_refusal_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"anthropic-ratelimit-tokens-remaining": "1000"}, None),
        ({"anthropic-ratelimit-tokens-remaining": "0"}, None),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-11-26T12:00:05Z",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "8.64s",
            },
            8.64,
        ),
        (
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"},
            360.0,
        ),
        (
            {"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "x"},
            None,
        ),
    ],
)
def test_a_limit_used_up_is_waited_for_before_it_is_hit(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert exhausted_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1h2m3.5s", 3600.0),
        ("7.66s", 7.66),
        ("2m59.56s", 179.56),
        ("3", 3.0),
        ("", None),
        ("tomorrow", None),
        ("s", None),
    ],
)
def test_durations_as_vendors_write_them(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds

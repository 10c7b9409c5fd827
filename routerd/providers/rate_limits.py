"""What a cloud says of its limits, in headers: how long to leave it alone.

Sources: RFC 9110 (Retry-After); Anthropic "Rate limits" (RFC 3339 resets); OpenAI "Rate limits"
(durations such as "6m0s"; Groq and Together send the same); `retry-after-ms` is OpenAI's own.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Nobody is left alone for longer than this on the word of one header.
LONGEST_S = 3600.0
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_DURATION = re.compile(
    r"(?:(\d{1,4})h)?(?:(\d{1,5})m(?!s))?(?:(\d{1,6}(?:\.\d{1,9})?)s)?(?:(\d{1,9})ms)?"
)
_ANTHROPIC = "anthropic-ratelimit-"
_OPENAI = "x-ratelimit-"


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the wait that the headers of a refusal ask for, None where they don't say.

    `now` has a time zone.
    """
    if _NUMBER.fullmatch(millis := headers.get("retry-after-ms", "").strip()):
        return _bounded(float(millis) / 1e3)
    text = headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(text):
        return _bounded(float(text))
    if text:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        return _until(moment, now)
    return exhausted_s(headers, now)


def exhausted_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long until a limit that is used up is free again; None while something is left.

    With several used up, the longest wait counts.
    """
    waits = [
        wait
        for name, value in headers.items()
        if value.strip() == "0" and (wait := _reset_of(name, headers, now)) is not None
    ]
    return max(waits, default=None)


def _reset_of(name: str, headers: Mapping[str, str], now: datetime) -> float | None:
    if name.startswith(_ANTHROPIC) and name.endswith("-remaining"):
        return _moment_s(headers.get(name.removesuffix("remaining") + "reset", ""), now)
    if name.startswith(f"{_OPENAI}remaining-"):
        which = name.removeprefix(f"{_OPENAI}remaining-")
        return duration_s(headers.get(f"{_OPENAI}reset-{which}", ""))
    return None


def _moment_s(text: str, now: datetime) -> float | None:
    try:
        return _until(datetime.fromisoformat(text), now)
    except ValueError:
        return None


def _until(moment: datetime, now: datetime) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _bounded((moment - now).total_seconds())


def duration_s(text: str) -> float | None:
    """Return seconds of "1s", "6m0s", "120ms", "1h2m3.5s" or a bare number; None for others."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _bounded(float(text))
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        return None
    hours, minutes, seconds, millis = (float(part or 0) for part in found.groups())
    return _bounded(hours * 3600 + minutes * 60 + seconds + millis / 1e3)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_S)

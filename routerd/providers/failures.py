"""What a backend's HTTP status means, in one table for all providers."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.outcome import FailureKind
from routerd.core.ports import Reply
from routerd.dialects import openai_chat, strict_json
from routerd.providers import rate_limits

# An error body is read for its message; more than this is not a message.
MAX_ERROR_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 64 * 1024 * 1024

# What a 400 can also mean; vendors have one status for all and tell it in words only.
_BY_WORDS: tuple[tuple[re.Pattern[str], tuple[FailureKind, bool]], ...] = (
    # Another model may have the window that this one lacks.
    (
        re.compile(
            r"prompt is too long|context[ _-](length|window|size)|maximum context"
            r"|input token count|too many (input )?tokens|reduce the length",
            re.IGNORECASE,
        ),
        ("rejected", True),
    ),
    (
        re.compile(r"credit balance|insufficient (balance|credit|quota|fund)", re.IGNORECASE),
        ("overloaded", True),
    ),
    (re.compile(r"api key not valid|incorrect api key", re.IGNORECASE), ("credential", True)),
)
_SAID_IN_WORDS = (400, 413, 422)

_KINDS: Mapping[int, tuple[FailureKind, bool]] = {
    401: ("credential", True),
    402: ("overloaded", True),
    403: ("credential", True),
    404: ("rejected", True),
    408: ("timeout", True),
    409: ("overloaded", True),
    429: ("overloaded", True),
    503: ("overloaded", True),
    504: ("timeout", True),
    529: ("overloaded", True),
}


def from_status(who: str, status: int, text: str) -> ProviderFailed:
    """Return the failure for a status other than 200.

    A 4xx about the request itself is not retryable: another model would be asked for the same
    fault, and a local refusal must not turn into a cloud call.
    """
    if status < 400:
        what = "with a redirect, which is not followed" if status >= 300 else "without an answer"
        return ProviderFailed(f"{who} answered {status}, {what}", "protocol", status=status)
    default: tuple[FailureKind, bool] = ("died", True) if status >= 500 else ("rejected", False)
    kind, retryable = _KINDS.get(status, default)
    if status in _SAID_IN_WORDS:
        kind, retryable = next((m for words, m in _BY_WORDS if words.search(text)), default)
    return ProviderFailed(
        f"{who} answered {status}",
        kind,
        retryable=retryable,
        status=status,
        said=text,
    )


def _retry_delay_s(told: Mapping[str, Any]) -> float | None:
    """Return the wait in a Google API's error body (google.rpc.RetryInfo), None without one."""
    error = told.get("error")
    details = error.get("details") if isinstance(error, Mapping) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping) and isinstance(delay := detail.get("retryDelay"), str):
            return rate_limits.duration_s(delay)
    return None


async def read_all(body: AsyncIterator[bytes], limit_bytes: int, who: str) -> bytes:
    """Return the whole body. Raises: ProviderFailed when it is larger than the limit."""
    data = bytearray()
    async for chunk in body:
        data += chunk
        if len(data) > limit_bytes:
            raise ProviderFailed(f"{who} sent more than {limit_bytes >> 10} KiB", "protocol")
    return bytes(data)


async def check(reply: Reply, who: str, content_type: str) -> None:
    """Raise ProviderFailed unless the reply is a 200 of the expected content type.

    A captive portal answers 200 with HTML; taken as an answer it would be an empty one.
    """
    if reply.status != 200:
        told: Mapping[str, Any] = {}
        try:
            data = await read_all(reply.body, MAX_ERROR_BYTES, who)
            told = strict_json.backend_object(data)
            text = openai_chat.error_text(told)
        except ProviderFailed:
            text = "no readable error message"
        failure = from_status(who, reply.status, text)
        failure.retry_after_s = rate_limits.retry_after_s(reply.headers, datetime.now(UTC))
        if failure.retry_after_s is None:
            failure.retry_after_s = _retry_delay_s(told)
        raise failure
    found = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != content_type:
        raise ProviderFailed(
            f"{who} answered with {found[:60] or 'no content type'} instead of {content_type}; "
            "is something else listening there, or a login page in between?",
            "protocol",
        )

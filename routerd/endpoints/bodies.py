"""Reads a request's body within its time, and its headers that carry meaning for routerd."""

from collections.abc import Mapping
from dataclasses import replace

import anyio
from starlette.requests import Request as HttpRequest

from routerd.core.request import Request
from routerd.endpoints.guard import Refused

BODY_IDLE_S = 30.0
_SESSION_HEADERS = ("x-routerd-session", "x-claude-code-session-id", "x-session-id", "session_id")


async def read(http: HttpRequest) -> bytes:
    """Return the body. Raises: Refused when it is too large or stops coming."""
    data = bytearray()
    stream = http.stream()
    while True:
        try:
            with anyio.fail_after(BODY_IDLE_S):
                chunk = await anext(stream, b"")
        except TimeoutError:
            raise Refused(f"The body stopped coming for {BODY_IDLE_S:g} s.", 408) from None
        if not chunk:
            return bytes(data)
        data += chunk


def with_headers(request: Request, headers: Mapping[str, str]) -> Request:
    """Return the request with client, session and workspace from its headers."""
    session = next((headers[name] for name in _SESSION_HEADERS if headers.get(name)), "")
    return replace(
        request,
        client=headers.get("x-routerd-client") or headers.get("user-agent", "unknown")[:80],
        session_key=session[:200],
        workspace=headers.get("x-routerd-workspace", "")[:400],
    )


def header_text(text: str, limit: int = 400) -> bytes:
    """Return `text` fit for a header value: printable ASCII on one line."""
    kept = "".join(c if " " <= c <= "~" else "?" for c in text)
    return kept[:limit].encode("ascii")

"""Reads a request's body within its time, and its headers that carry meaning for routerd."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import anyio
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from routerd.core.embedding import EmbeddingRequest
from routerd.core.request import Request
from routerd.endpoints.guard import Refused

BODY_IDLE_S = 30.0
# Claude Code, gateways, Codex (with both spellings) and opencode.
_SESSION_HEADERS = (
    "x-routerd-session",
    "x-claude-code-session-id",
    "x-session-id",
    "session_id",
    "session-id",
    "conversation_id",
    "x-opencode-session",
)


# A body with fields of a beta is refused without the header that names them.
_OF_THE_BODY = ("anthropic-version", "anthropic-beta", "openai-beta")


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
        except ClientDisconnect:
            # Nobody reads this any more; it spares the log a traceback.
            raise Refused("The body ended before its end.", 400) from None
        if not chunk:
            return bytes(data)
        data += chunk


def with_headers(request: Request, headers: Mapping[str, str]) -> Request:
    """Return the request with client, session and workspace from its headers."""
    session = next((headers[name] for name in _SESSION_HEADERS if headers.get(name)), "")
    client = client_of(headers)
    workspace = headers.get("x-routerd-workspace", "")[:400]
    told = session[:200] or request.session_key
    return replace(
        request,
        dialect_headers=tuple((n, headers[n]) for n in _OF_THE_BODY if n in headers),
        client=client,
        session_key=told or content_key(request, client, workspace),
        workspace=workspace,
    )


def client_of(headers: Mapping[str, str]) -> str:
    """Return who asks, as it says itself."""
    return (headers.get("x-routerd-client") or headers.get("user-agent", "unknown"))[:80]


def content_key(request: Request, client: str, workspace: str) -> str:
    """Return a conversation's name made of how it began, for clients that name none.

    Agents send the whole conversation each time, and its first user turn stays what it was. Two
    conversations that begin alike share the name, which its start `content-` tells.
    """
    first = next((message.text for message in request.messages if message.role == "user"), "")
    if not first:
        return ""
    digest = hashlib.sha256("\0".join((client, workspace, first)).encode("utf-8", "replace"))
    return f"content-{digest.hexdigest()[:24]}"


def embedding_with(request: EmbeddingRequest, headers: Mapping[str, str]) -> EmbeddingRequest:
    """Return the request with the client from its headers."""
    return replace(request, client=client_of(headers))


def header_text(text: str, limit: int = 400) -> bytes:
    """Return `text` fit for a header value: printable ASCII on one line."""
    kept = "".join(c if " " <= c <= "~" else "?" for c in text)
    return kept[:limit].encode("ascii")

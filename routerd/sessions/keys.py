"""Which conversation a request belongs to, and whether it goes on from where it was."""

import hashlib
from collections.abc import Sequence

from routerd.core.request import Message, Request, Text, ToolCall, ToolResult

# Characters of the opening that tell one conversation from another.
OPENING = 4000


def key_of(request: Request) -> str:
    """Return the conversation's key: a digest, so that no prompt can be read off it.

    A client's own session id is one part of it, the opening another: a tool's helpers (titles,
    sub-agents) send the same id with conversations of their own.
    """
    opening = next((m for m in request.messages if m.role == "user"), None)
    digest = hashlib.blake2b(digest_size=16)
    for part in (request.session_key, request.client, request.workspace):
        digest.update(part.encode("utf-8", "replace") + b"\0")
    if opening is not None:
        digest.update(opening.text[:OPENING].encode("utf-8", "replace"))
    return digest.hexdigest()


def prefix_of(messages: Sequence[Message]) -> str:
    """Return a digest of all that was said, which tells an edited history from a continued one."""
    digest = hashlib.blake2b(digest_size=16)
    for message in messages:
        digest.update(message.role.encode() + b"\1")
        for part in message.parts:
            match part:
                case Text(text=text) | ToolResult(text=text):
                    digest.update(text.encode("utf-8", "replace"))
                case ToolCall(name=name, arguments=arguments):
                    digest.update(f"{name}\2{arguments}".encode("utf-8", "replace"))
                case _:
                    continue  # thinking and images may be dropped by a client between turns
            digest.update(b"\0")
    return digest.hexdigest()

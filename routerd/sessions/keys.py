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


def prefixes_of(messages: Sequence[Message], seen: int = 0) -> tuple[str, str]:
    """Return digests of the first `seen` messages and of all, which tell an edited history apart.

    One pass: a conversation of an agent is read anew at every turn, and is long.
    """
    digest = hashlib.blake2b(digest_size=16)
    before = ""
    for count, message in enumerate(messages):
        if count == seen:
            before = digest.hexdigest()
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
    whole = digest.hexdigest()
    return before if seen < len(messages) else whole, whole

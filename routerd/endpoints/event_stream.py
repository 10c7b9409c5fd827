"""Sends a feed to one client as server-sent events, for as long as both want to."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
from starlette.types import Receive, Scope, Send

from routerd.endpoints import while_there

# Whoever takes nothing for so long has gone or hangs; its place is for somebody else.
STUCK_S = 30.0


class EventStream:
    """An ASGI response; it ends when the client leaves, hangs, or the feed is closed."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until one side ends it."""
        await while_there.work(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        await send(_HEAD)
        async with aclosing(self._events) as events:
            async for data in events:
                with anyio.move_on_after(STUCK_S) as patience:
                    part = {"type": "http.response.body", "body": data, "more_body": True}
                    await send(part)
                if patience.cancelled_caught:
                    return
        await send({"type": "http.response.body", "body": b""})


_HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-accel-buffering", b"no"),
    ],
}

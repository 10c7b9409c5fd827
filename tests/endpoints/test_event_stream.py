from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from routerd.endpoints import event_stream
from routerd.endpoints.event_stream import EventStream

pytestmark = pytest.mark.anyio


class Client:
    """Takes what is sent; `stuck` never does after the head. `left` is set when it leaves."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.sent: list[Any] = []
        self.stuck = stuck
        self.left = anyio.Event()

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if self.stuck and message["type"] == "http.response.body":
            await anyio.sleep_forever()

    async def served(self, events: AsyncGenerator[bytes]) -> None:
        with anyio.fail_after(5):
            await EventStream(events)({}, self.receive, self.send)


class Source:
    """Yields two events, then waits for ever unless it is to end; tells when it was closed."""

    def __init__(self, *, ends: bool) -> None:
        self.ends = ends
        self.closed = False
        self.waiting = anyio.Event()

    async def events(self) -> AsyncGenerator[bytes]:
        try:
            yield b"one"
            yield b"two"
            self.waiting.set()
            if not self.ends:
                await anyio.sleep_forever()
        finally:
            self.closed = True


async def test_a_stream_that_ends_is_sent_whole_and_never_stored() -> None:
    client, source = Client(), Source(ends=True)
    await client.served(source.events())
    assert [message.get("body") for message in client.sent[1:]] == [b"one", b"two", b""]
    head = dict(client.sent[0]["headers"])
    assert head[b"content-type"] == b"text/event-stream"
    assert head[b"cache-control"] == b"no-store"


async def test_a_client_that_leaves_closes_the_source() -> None:
    client, source = Client(), Source(ends=False)
    async with anyio.create_task_group() as group:
        group.start_soon(client.served, source.events())
        await source.waiting.wait()
        client.left.set()
    assert source.closed


async def test_a_client_that_takes_nothing_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "STUCK_S", 0.001)
    client, source = Client(stuck=True), Source(ends=False)
    await client.served(source.events())
    assert source.closed
    assert len(client.sent) == 2

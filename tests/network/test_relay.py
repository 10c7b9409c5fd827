"""The airgap's relay: fixed destinations of this machine, bytes both ways, and its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest

from routerd.network import relay
from routerd.network.relay import Relay, destinations, inlets

pytestmark = pytest.mark.anyio


def test_only_loopback_by_number_is_a_destination() -> None:
    assert destinations(
        [
            "http://127.0.0.1:11434",
            "http://127.0.0.1:11434/v1",
            "http://[::1]:8080",
            "http://127.0.0.2",
            "http://10.0.0.1:80",
            "http://localhost:1234",
            "http://gpu.internal:8000",
            "ftp://127.0.0.1",
            "http://127.0.0.1:99999",
            "",
        ]
    ) == (("127.0.0.1", 11434), ("::1", 8080), ("127.0.0.2", 80))


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """Run an engine that answers with what it got, in capitals, until the client has finished."""

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for data in stream:
                await stream.send(data.upper())

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        yield int(listener.extra(anyio.abc.SocketAttribute.local_port))  # noqa: S610  # no Django
        group.cancel_scope.cancel()


async def test_bytes_go_through_the_process_outside_and_back(tmp_path: Path) -> None:
    async with echo() as port:
        outside = Relay(tmp_path, [("127.0.0.1", port)])
        await anyio.to_thread.run_sync(outside.start)
        try:
            assert outside.path(0).stat().st_mode & 0o077 == 0
            async with await anyio.connect_unix(outside.path(0)) as stream:
                await stream.send(b"hello ")
                assert await stream.receive() == b"HELLO "
                await stream.send(b"again" * 10_000)
                await stream.send_eof()
                got = b"".join([data async for data in stream])
                assert got == b"AGAIN" * 10_000
        finally:
            await anyio.to_thread.run_sync(outside.stop)
    with pytest.raises(OSError, match=r"refused|Connect"):
        await anyio.connect_unix(outside.path(0))


async def test_inside_it_listens_at_the_engines_own_address(tmp_path: Path) -> None:
    async with echo() as port:
        free = await anyio.create_tcp_listener(local_host="127.0.0.1")
        inner = int(free.extra(anyio.abc.SocketAttribute.local_port))  # noqa: S610  # no Django
        await free.aclose()
        near = Relay(tmp_path, [("127.0.0.1", inner)])
        listener = await anyio.create_unix_listener(near.path(0), mode=0o600)
        dial = partial(anyio.connect_tcp, "127.0.0.1", port)
        async with listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, partial(relay._join, dial))
            async with inlets(near), await anyio.connect_tcp("127.0.0.1", inner) as stream:
                await stream.send(b"ping")
                with anyio.fail_after(5):
                    assert await stream.receive() == b"PING"
            group.cancel_scope.cancel()


async def test_an_engine_that_is_down_closes_the_connection(tmp_path: Path) -> None:
    free = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = int(free.extra(anyio.abc.SocketAttribute.local_port))  # noqa: S610  # no Django
    await free.aclose()
    outside = Relay(tmp_path, [("127.0.0.1", port)])
    await anyio.to_thread.run_sync(outside.start)
    try:
        async with await anyio.connect_unix(outside.path(0)) as stream:
            with pytest.raises(anyio.EndOfStream), anyio.fail_after(5):
                await stream.receive()
    finally:
        await anyio.to_thread.run_sync(outside.stop)

"""MCP over stdio, HTTP and the socket, at both revisions, by the SDK's own client."""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from tests.fakes.daemon import QUIET, Daemon, environment, routerd

pytestmark = pytest.mark.anyio
TOOLS = {"ask", "route", "classify", "models", "why", "savings", "feedback", "set_mode"}
MODES = ["legacy", "auto", "2026-07-28"]


@contextlib.asynccontextmanager
async def _over_socket(path: str) -> AsyncIterator[Any]:
    """The SDK has no client for sockets; the framing is that of stdio."""
    stream = await anyio.connect_unix(path)
    to_client, received = anyio.create_memory_object_stream[Any](0)
    to_send, outgoing = anyio.create_memory_object_stream[Any](0)

    async def read() -> None:
        lines = BufferedByteReceiveStream(stream)
        async with to_client:
            with contextlib.suppress(anyio.EndOfStream, anyio.ClosedResourceError):
                while True:
                    line = await lines.receive_until(b"\n", 1 << 24)
                    message = mcp_types.jsonrpc_message_adapter.validate_json(line)
                    await to_client.send(SessionMessage(message))

    async def write() -> None:
        async with outgoing:
            async for item in outgoing:
                text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                await stream.send(text.encode() + b"\n")

    async with stream, anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(write)
        yield received, to_send
        group.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def _over_http(daemon: Daemon) -> AsyncIterator[Any]:
    headers = {"authorization": f"Bearer {daemon.token}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
        streamable_http_client(f"{daemon.url}/mcp", http_client=http) as streams,
    ):
        yield streams


def _over_stdio(daemon: Daemon) -> Any:
    return stdio_client(
        StdioServerParameters(
            command=sys.executable, args=["-m", "routerd", "mcp"], env=environment(daemon.home)
        )
    )


def _transport(name: str, daemon: Daemon) -> Any:
    if name == "stdio":
        return _over_stdio(daemon)
    if name == "http":
        return _over_http(daemon)
    return _over_socket(daemon.client.get("/control/status")["mcp_socket"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("transport", ["stdio", "http", "socket"])
async def test_a_client_lists_the_tools_and_gets_an_answer(
    daemon: Daemon, transport: str, mode: str
) -> None:
    with anyio.fail_after(40):
        async with Client(_transport(transport, daemon), mode=mode) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == TOOLS
            assert all(tool.output_schema and tool.annotations for tool in tools.values())
            asked = await client.call_tool("ask", {"prompt": "hello"})
    assert not asked.is_error, asked.content
    assert "plumbing check" in asked.structured_content["text"]
    assert asked.structured_content["model"] == "llamacpp/plumbing-check"
    assert "not a model for work" in asked.structured_content["notice"]


async def test_route_classify_models_and_why_answer_with_structure(daemon: Daemon) -> None:
    with anyio.fail_after(40):
        async with Client(_transport("http", daemon)) as client:
            routed = await client.call_tool("route", {"prompt": "explain this regex ^a$"})
            read = await client.call_tool("classify", {"prompt": "write tests for parser.py"})
            models = await client.call_tool("models", {})
            asked = await client.call_tool("ask", {"prompt": "hi"})
            why = await client.call_tool("why", {"decision": asked.structured_content["decision"]})
            missing = await client.call_tool("why", {"decision": "nonsense"})
            sums = {"total": {"requests": 0}}
            while not sums["total"]["requests"]:  # the writer commits in groups
                sums = (await client.call_tool("savings", {"days": 7})).structured_content
    assert routed.structured_content["chosen"] == "llamacpp/plumbing-check"
    assert set(routed.structured_content["candidates"][0]["terms"]) == set(
        routed.structured_content["weights"]
    )
    assert 0 <= read.structured_content["task_confidence"] <= 1
    told = daemon.client.get("/control/stats?days=7")
    assert sums["days"] == 7
    assert sums["currency"] == told["currency"]
    assert 1 <= sums["total"]["requests"] <= told["total"]["requests"]
    assert sums["by_model"][0]["model"] == "llamacpp/plumbing-check"
    assert models.structured_content["models"][0]["name"] == "llamacpp/plumbing-check"
    assert why.structured_content["outcome"]["finish"] == "stop"
    assert missing.is_error
    assert "No such decision" in missing.content[0].text


async def test_loading_a_model_is_told_as_progress(daemon: Daemon) -> None:
    told: list[str] = []

    async def progress(_: float, __: float | None, message: str | None) -> None:
        told.append(message or "")

    with anyio.fail_after(40):
        async with Client(_transport("stdio", daemon)) as client:
            await client.call_tool("ask", {"prompt": "x"}, progress_callback=progress)
    # The model may be loaded already; then there is nothing to tell.
    assert all("loading" in message or "writing" in message for message in told)


async def test_the_stdio_command_starts_the_daemon_where_none_runs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(QUIET, encoding="utf-8")  # set-up
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "routerd", "mcp"], env=environment(home)
    )
    try:
        with anyio.fail_after(60):
            async with Client(stdio_client(command)) as client:
                asked = await client.call_tool("ask", {"prompt": "hello"})
    finally:
        down = await anyio.to_thread.run_sync(routerd, home, "down")
    assert "plumbing check" in asked.structured_content["text"]
    assert down.returncode == 0


async def test_mcp_over_http_without_the_token_is_refused(daemon: Daemon) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            f"{daemon.url}/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={"accept": "application/json, text/event-stream"},
        )
    assert answer.status_code == 401


async def test_a_client_can_close_the_door_but_not_open_it(daemon: Daemon) -> None:
    with anyio.fail_after(40):
        async with Client(_transport("http", daemon)) as client:
            opened = await client.call_tool("set_mode", {"mode": "online"})
            closed = await client.call_tool("set_mode", {"mode": "offline"})
    assert opened.is_error
    assert closed.structured_content == {"offline": True}
    assert daemon.client.get("/control/status")["offline"] is True
    daemon.client.post("/control/offline", {"offline": False})
    assert daemon.client.get("/control/status")["offline"] is False

"""The official MCP client over a real socket: tools, resources, the prompt, progress, cancelling."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, ResourceTemplateReference

from routerd.core.response import Finish, Progress, TextDelta, Usage
from routerd.endpoints import mcp_tools
from tests.fakes.scripted_house import TOKEN, ServedHouse

pytestmark = pytest.mark.anyio
MODES = ["legacy", "2026-07-28"]


@contextlib.asynccontextmanager
async def connected(served: ServedHouse, mode: str = "auto") -> AsyncIterator[Client]:
    @contextlib.asynccontextmanager
    async def transport() -> AsyncIterator[Any]:
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
            streamable_http_client(f"{served.url}/mcp", http_client=http) as streams,
        ):
            yield streams

    with anyio.fail_after(30):
        async with Client(transport(), mode=mode) as client:
            yield client


def _json(result: Any) -> Any:
    (content,) = result.contents
    assert content.mime_type == "application/json"
    return json.loads(content.text)


@pytest.mark.parametrize("mode", MODES)
async def test_decisions_measurements_and_policy_can_be_read(
    served: ServedHouse, mode: str
) -> None:
    async with connected(served, mode) as client:
        asked = await client.call_tool("ask", {"prompt": "hello"})
        identity = asked.structured_content["decision"]
        templates = (await client.list_resource_templates()).resource_templates
        resources = {str(r.uri) for r in (await client.list_resources()).resources}
        decision = _json(await client.read_resource(f"routerd://decision/{identity}"))
        last = _json(await client.read_resource("routerd://decision/last"))
        matrix = _json(await client.read_resource("routerd://matrix"))
        policy = _json(await client.read_resource("routerd://policy"))
    assert [t.uri_template for t in templates] == ["routerd://decision/{identity}"]
    assert resources == {"routerd://matrix", "routerd://policy"}
    assert decision == last
    assert (decision["chosen"], decision["outcome"]["finish"]) == ("fake/coder", "stop")
    assert matrix["fake/coder"]["context_tokens"] == 131_072
    assert policy["weights"]["complexity"] == 0.35
    assert TOKEN not in json.dumps([decision, matrix, policy])


@pytest.mark.parametrize("mode", MODES)
async def test_the_newest_decision_is_offered_while_typing(served: ServedHouse, mode: str) -> None:
    reference = ResourceTemplateReference(uri="routerd://decision/{identity}")
    async with connected(served, mode) as client:
        found = await client.complete(reference, {"name": "identity", "value": "la"})
        other = await client.complete(reference, {"name": "identity", "value": "0abc"})
    assert (found.completion.values, other.completion.values) == (["last"], [])


@pytest.mark.parametrize("mode", MODES)
async def test_a_decision_that_is_not_there_is_an_error(served: ServedHouse, mode: str) -> None:
    async with connected(served, mode) as client:
        with pytest.raises(MCPError, match="decision"):
            await client.read_resource("routerd://decision/nonsense")


@pytest.mark.parametrize("mode", MODES)
async def test_the_prompt_carries_the_last_decision(served: ServedHouse, mode: str) -> None:
    async with connected(served, mode) as client:
        await client.call_tool("ask", {"prompt": "hello"})
        (prompt,) = (await client.list_prompts()).prompts
        found = await client.get_prompt(prompt.name)
    text = found.messages[0].content.text
    assert prompt.name == "explain_last_route"
    assert "fake/coder" in text
    assert "exclu" in text


@pytest.mark.parametrize("mode", MODES)
async def test_a_prompt_that_is_not_there_is_the_clients_mistake(
    served: ServedHouse, mode: str
) -> None:
    async with connected(served, mode) as client:
        with pytest.raises(MCPError, match="no prompt 'nonsense'") as failed:
            await client.get_prompt("nonsense")
    assert failed.value.code == INVALID_PARAMS


async def test_before_the_first_decision_the_prompt_says_so(served: ServedHouse) -> None:
    served.house.memory.remembered.clear()
    async with connected(served) as client:
        with pytest.raises(MCPError, match="No such decision") as failed:
            await client.get_prompt("explain_last_route")
    assert failed.value.code == INVALID_PARAMS


@pytest.mark.parametrize("mode", MODES)
async def test_every_tool_has_an_output_schema_annotations_and_described_arguments(
    served: ServedHouse, mode: str
) -> None:
    async with connected(served, mode) as client:
        tools = (await client.list_tools()).tools
    assert 0 < len(tools) <= 8
    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is not None
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        for name, argument in tool.input_schema["properties"].items():
            assert argument.get("description"), f"{tool.name}.{name}"


async def test_progress_comes_from_the_engine_and_again_while_it_is_silent(
    served: ServedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_tools, "PROGRESS_EVERY_S", 0.02)
    told: list[str] = []
    release = anyio.Event()

    async def progress(_: float, __: float | None, message: str | None) -> None:
        told.append(message or "")
        if sum("loading coder," in m for m in told) >= 2:
            served.release(release)

    served.engine.script = lambda _: (
        Progress("loading coder"),
        release,
        TextDelta("done"),
        Finish("stop", Usage(1, 1)),
    )
    async with connected(served) as client:
        asked = await client.call_tool("ask", {"prompt": "x"}, progress_callback=progress)
    assert asked.structured_content["text"] == "done"
    assert told[0] == "loading coder"


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_that_gives_up_cancels_the_engine(served: ServedHouse, mode: str) -> None:
    served.engine.cancelled.clear()
    began = anyio.Event()

    async def progress(_: float, __: float | None, ___: str | None) -> None:
        began.set()

    served.engine.script = lambda _: (Progress("thinking"), anyio.Event())
    async with connected(served, mode) as client, anyio.create_task_group() as group:

        async def ask() -> None:
            await client.call_tool("ask", {"prompt": "x"}, progress_callback=progress)

        group.start_soon(ask)
        await began.wait()
        group.cancel_scope.cancel()
    assert await anyio.to_thread.run_sync(served.engine.cancelled.wait, 5)

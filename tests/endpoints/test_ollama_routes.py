"""Ollama's own client over a real socket: chat, generate, embeddings, and the lists."""

from collections.abc import Iterator
from typing import Any

import httpx2
import ollama
import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.request import Image, Text
from routerd.core.response import Finish, TextDelta, ThinkingDelta, Usage
from tests.fakes.agent_script import ANSWER, USAGE, check_last, run_tool, tool_loop
from tests.fakes.scripted_house import TOKEN, ServedHouse

TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("read_file", "count_lines")
]
HI: Any = [{"role": "user", "content": "hi"}]
PNG = "iVBORw0KGgo="


@pytest.fixture(scope="module")
def client(served: ServedHouse) -> Iterator[ollama.Client]:
    opened = ollama.Client(
        served.url, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False
    )
    yield opened
    opened._client.close()


def _step(client: ollama.Client, messages: list[Any], *, stream: bool) -> Any:
    """Return (message, last part)."""
    if not stream:
        answer = client.chat("auto", messages=messages, tools=TOOLS)
        return answer.message, answer
    text, calls, last = "", [], None
    for part in client.chat("auto", messages=messages, tools=TOOLS, stream=True):
        text += part.message.content or ""
        calls += part.message.tool_calls or []
        last = part
    return ollama.Message(role="assistant", content=text, tool_calls=calls or None), last


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_with_parallel_tools(
    served: ServedHouse, client: ollama.Client, stream: bool
) -> None:
    served.engine.script = tool_loop
    messages: list[Any] = [{"role": "user", "content": "check my files"}]
    rounds = 0
    while True:
        message, last = _step(client, messages, stream=stream)
        rounds += 1
        assert last.done
        messages.append(message)
        if not message.tool_calls:
            break
        for call in message.tool_calls:
            told = run_tool(call.function.name, dict(call.function.arguments))
            messages.append({"role": "tool", "content": told, "tool_name": call.function.name})
    assert rounds == 3
    assert message.content == ANSWER
    assert (last.prompt_eval_count, last.eval_count) == (USAGE.input_tokens, USAGE.output_tokens)
    assert last.done_reason == "stop"
    # The client drops the ids, so the door made its own; each result is with its call.
    results = [p for m in served.last.messages for p in m.parts if hasattr(p, "call_id")]
    calls = [p for m in served.last.messages for p in m.parts if hasattr(p, "arguments")]
    assert [r.call_id for r in results] == [c.id for c in calls]
    assert [r.text for r in results] == ["content of a.py", "content of größe.py", "2"]


def test_ids_are_kept_where_the_client_keeps_them(served: ServedHouse) -> None:
    served.engine.script = tool_loop
    messages: list[dict[str, Any]] = [{"role": "user", "content": "check my files"}]
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=served.url, headers=headers, trust_env=False) as http:
        while True:
            body = {"model": "auto", "messages": messages, "tools": TOOLS, "stream": False}
            message = http.post("/api/chat", json=body).json()["message"]
            messages.append(message)
            if "tool_calls" not in message:
                break
            for call in message["tool_calls"]:
                function = call["function"]
                told = run_tool(function["name"], function["arguments"])
                messages.append({"role": "tool", "content": told, "tool_call_id": call["id"]})
    check_last(served.last)


@pytest.mark.parametrize("stream", [False, True])
def test_generate_says_text_and_thinking(
    served: ServedHouse, client: ollama.Client, stream: bool
) -> None:
    served.engine.script = lambda _: (
        ThinkingDelta("hm"),
        TextDelta("Yes"),
        TextDelta("."),
        Finish("length", Usage(3, 2)),
    )
    asked: Any = {"prompt": "hi?", "system": "be brief", "think": True, "images": [PNG]}
    if stream:
        parts = list(client.generate("auto", **asked, stream=True))
        text = "".join(part.response for part in parts)
        thinking = "".join(part.thinking or "" for part in parts)
        last = parts[-1]
    else:
        last = client.generate("auto", **asked)
        text, thinking = last.response, last.thinking or ""
    assert (text, thinking) == ("Yes.", "hm")
    assert (last.done, last.done_reason, last.eval_count) == (True, "length", 2)
    assert served.last.messages[0].text == "be brief"
    assert served.last.messages[1].parts == (Image("image/png", PNG), Text("hi?"))
    assert served.last.effort == "medium"


def test_generate_fills_in_the_middle(served: ServedHouse, client: ollama.Client) -> None:
    client.generate("auto", prompt="a = ", suffix="\nprint(a)")
    assert served.last.suffix == "\nprint(a)"


def test_options_format_and_thinking_are_read(served: ServedHouse, client: ollama.Client) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    options = {"temperature": 0.5, "num_predict": 9, "top_k": 3, "seed": 7, "stop": ["x"]}
    client.chat("auto", messages=HI, options=options, format=schema, think="low")
    assert served.last.response_format.schema == schema
    limits = served.last.limits
    assert (limits.temperature, limits.max_output_tokens, limits.top_k) == (0.5, 9, 3)
    assert (limits.seed, limits.stop, served.last.effort) == (7, ("x",), "low")


def test_a_request_without_messages_only_asks_to_load(
    served: ServedHouse, client: ollama.Client
) -> None:
    before = len(served.engine.requests)
    assert client.generate("auto").done_reason == "load"
    assert client.chat("auto", messages=[]).done_reason == "load"
    assert len(served.engine.requests) == before


def test_a_stream_that_breaks_off_raises(served: ServedHouse, client: ollama.Client) -> None:
    served.engine.script = lambda _: (TextDelta("half"), ProviderFailed("it went away", "died"))
    with pytest.raises(ollama.ResponseError, match="went away"):
        list(client.chat("auto", messages=HI, stream=True))


def test_errors_are_the_clients_own(served: ServedHouse, client: ollama.Client) -> None:
    answer = client._client.post("/api/chat", json={"messages": [3]})
    assert answer.status_code == 400
    assert answer.json() == {"error": "'messages[0]' must be an object.", "src": "routerd"}
    with pytest.raises(ollama.ResponseError, match="not found") as caught:
        client.show("nobody")
    assert caught.value.status_code == 404


def test_the_lists_tell_models_context_and_capabilities(client: ollama.Client) -> None:
    names = [model.model for model in client.list().models]
    assert names[0] == "auto"
    assert "fake/coder" in names
    shown = client.show("fake/coder")
    assert set(shown.capabilities or ()) >= {"completion", "tools", "vision", "insert"}
    assert shown.modelinfo == {
        "general.architecture": "routerd",
        "routerd.context_length": 131_072,
    }
    assert client.show("auto:latest").capabilities == shown.capabilities
    assert client.show("fake/embedder").capabilities == ["embedding"]
    assert [model.model for model in client.ps().models] == ["fake/coder"]


def test_the_version_is_one_that_has_tools(client: ollama.Client) -> None:
    assert client._client.get("/api/version").json()["version"] >= "0.13"


def test_embeddings_in_both_forms(client: ollama.Client) -> None:
    found = client.embed("auto", ["a", "bbb"])
    assert [list(vector) for vector in found.embeddings] == [[1.0, 0.5], [3.0, 0.5]]
    assert list(client.embeddings("auto", "four").embedding) == [4.0, 0.5]

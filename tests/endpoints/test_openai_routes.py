"""OpenAI's own client over a real socket: chat, responses, completions, embeddings, models."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from routerd.core.errors import InvalidRequest, ProviderFailed
from routerd.core.request import Image, Text
from routerd.core.response import Finish, TextDelta, TokenLogprob, ToolCallDelta, Usage
from routerd.endpoints.openai_routes import decode_chat
from tests.fakes.agent_script import ANSWER, USAGE, check_last, run_tool, tool_loop
from tests.fakes.scripted_house import TOKEN, ServedHouse

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}}
FUNCTIONS = {"read_file": SCHEMA, "count_lines": {"type": "object", "properties": {}}}
CHAT_TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": schema}}
    for name, schema in FUNCTIONS.items()
]
RESPONSE_TOOLS: Any = [
    {"type": "function", "name": name, "parameters": schema, "strict": False}
    for name, schema in FUNCTIONS.items()
]
PNG = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture(scope="module")
def client(served: ServedHouse) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key=TOKEN, max_retries=0) as opened:
        yield opened


def _chat_step(client: openai.OpenAI, messages: list[Any], *, stream: bool) -> Any:
    """Return the assistant's message, streamed or not, by the SDK's own accumulator."""
    if not stream:
        answer = client.chat.completions.create(model="auto", messages=messages, tools=CHAT_TOOLS)
        return answer.choices[0]
    with client.chat.completions.stream(
        model="auto",
        messages=messages,
        tools=CHAT_TOOLS,
        stream_options={"include_usage": True},
    ) as events:
        for _ in events:
            continue
        final = events.get_final_completion()
    assert final.usage is not None
    assert final.usage.prompt_tokens == USAGE.input_tokens
    assert final.usage.prompt_tokens_details is not None
    assert final.usage.prompt_tokens_details.cached_tokens == USAGE.cached_tokens
    return final.choices[0]


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_with_parallel_tools_through_chat_completions(
    served: ServedHouse, client: openai.OpenAI, stream: bool
) -> None:
    served.engine.script = tool_loop
    messages: list[Any] = [{"role": "user", "content": "check my files"}]
    reasons = []
    while True:
        choice = _chat_step(client, messages, stream=stream)
        reasons.append(choice.finish_reason)
        messages.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
        if not choice.message.tool_calls:
            break
        for call in choice.message.tool_calls:
            told = run_tool(call.function.name, json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": told})
    assert reasons == ["tool_calls", "tool_calls", "stop"]
    assert choice.message.content == ANSWER
    assert [len(m.get("tool_calls") or ()) for m in messages if m["role"] == "assistant"] == [
        2,
        1,
        0,
    ]
    check_last(served.last)


def _response_step(client: openai.OpenAI, items: list[Any], *, stream: bool) -> Any:
    if not stream:
        return client.responses.create(model="auto", input=items, tools=RESPONSE_TOOLS)
    with client.responses.stream(model="auto", input=items, tools=RESPONSE_TOOLS) as events:
        for _ in events:
            continue
        return events.get_final_response()


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_with_parallel_tools_through_responses(
    served: ServedHouse, client: openai.OpenAI, stream: bool
) -> None:
    served.engine.script = tool_loop
    items: list[Any] = [{"role": "user", "content": "check my files"}]
    rounds = 0
    while True:
        response = _response_step(client, items, stream=stream)
        rounds += 1
        assert response.status == "completed"
        items += [item.model_dump(exclude_none=True) for item in response.output]
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            break
        for call in calls:
            told = run_tool(call.name, json.loads(call.arguments))
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": told})
    assert rounds == 3
    assert response.output_text == ANSWER
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens == USAGE.cached_tokens
    check_last(served.last)
    kinds = [item["type"] for item in items if "type" in item]
    assert kinds[:4] == ["reasoning", "message", "function_call", "function_call"]


def test_a_response_that_fails_in_the_middle_ends_as_failed(
    served: ServedHouse, client: openai.OpenAI
) -> None:
    served.engine.script = lambda _: (TextDelta("half"), ProviderFailed("it went away", "died"))
    events = list(client.responses.create(model="auto", input="hi", stream=True))
    assert events[-1].type == "response.failed"
    assert events[-1].response.error is not None
    assert "went away" in events[-1].response.error.message


def test_a_chat_that_fails_in_the_middle_raises(served: ServedHouse, client: openai.OpenAI) -> None:
    served.engine.script = lambda _: (TextDelta("half"), ProviderFailed("it went away", "died"))
    stream = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    with pytest.raises(openai.APIError, match="went away"):
        list(stream)


def test_an_answer_cut_by_its_bound_is_incomplete(
    served: ServedHouse, client: openai.OpenAI
) -> None:
    served.engine.script = lambda _: (TextDelta("half"), Finish("length", Usage(1, 1)))
    response = client.responses.create(model="auto", input="hi", max_output_tokens=1)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("stream", [False, True])
def test_fill_in_the_middle_reaches_the_engine_as_prefix_and_suffix(
    served: ServedHouse, client: openai.OpenAI, stream: bool
) -> None:
    served.engine.script = lambda _: (
        TextDelta("a + "),
        TextDelta("b"),
        Finish("stop", Usage(5, 2)),
    )
    asked = {"model": "auto", "prompt": "def add(a, b):\n    return ", "suffix": "\n", "stop": "\n"}
    if stream:
        pieces = list(client.completions.create(**asked, stream=True))
        text = "".join(piece.choices[0].text for piece in pieces)
        assert pieces[-1].choices[0].finish_reason == "stop"
    else:
        answer = client.completions.create(**asked)
        text = answer.choices[0].text
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 2
    assert text == "a + b"
    assert served.last.suffix == "\n"
    assert served.last.messages[0].text == asked["prompt"]
    made, _, _ = served.house.memory.remembered[-1]
    assert made.features.reading.task == "completion"
    assert made.features.latency_class == "completion"


def test_log_probabilities_come_where_they_are_asked_for(
    served: ServedHouse, client: openai.OpenAI
) -> None:
    tokens = (TokenLogprob("Hi", -0.25, (("Hi", -0.25), ("Ho", -1.5))),)
    served.engine.script = lambda _: (TextDelta("Hi", tokens), Finish("stop", Usage(1, 1)))
    chat = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "hi"}],
        logprobs=True,
        top_logprobs=2,
    )
    assert served.last.logprobs == 2
    told = chat.choices[0].logprobs
    assert told is not None
    assert told.content is not None
    assert [other.token for other in told.content[0].top_logprobs] == ["Hi", "Ho"]
    old = client.completions.create(model="auto", prompt="hi", logprobs=1)
    assert old.choices[0].logprobs is not None
    assert old.choices[0].logprobs.token_logprobs == [-0.25]
    assert old.choices[0].logprobs.text_offset == [0]


@pytest.mark.parametrize("form", ["float", "base64"])
def test_embeddings_come_in_order_in_both_forms(client: openai.OpenAI, form: Any) -> None:
    answer = client.embeddings.create(model="auto", input=["a", "bbb"], encoding_format=form)
    if form == "float":
        assert [item.embedding for item in answer.data] == [[1.0, 0.5], [3.0, 0.5]]
    assert answer.model == "fake/embedder"
    assert answer.usage.prompt_tokens == 4


def test_embeddings_as_the_client_asks_by_default(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="text-embedding-3-small", input="four")
    assert answer.data[0].embedding == [4.0, 0.5]


def test_images_reach_the_engine(served: ServedHouse, client: openai.OpenAI) -> None:
    content: Any = [
        {"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": PNG}},
    ]
    client.chat.completions.create(model="auto", messages=[{"role": "user", "content": content}])
    assert served.last.messages[0].parts == (
        Text("what is it?"),
        Image("image/png", "iVBORw0KGgo="),
    )


def test_models_tell_context_and_capabilities(client: openai.OpenAI) -> None:
    listed = {model.id: model.model_dump() for model in client.models.list()}
    assert listed["auto"]["context_length"] == 131_072
    assert set(listed["auto"]["capabilities"]) >= {"tools", "vision"}
    assert listed["fake/embedder"]["capabilities"] == ["embeddings"]
    assert client.models.retrieve("fake/coder").owned_by == "fake"
    with pytest.raises(openai.NotFoundError, match="no model"):
        client.models.retrieve("nobody/nothing")


def test_a_responses_body_on_chat_completions_is_answered_as_a_chat(served: ServedHouse) -> None:
    body = {
        "model": "auto",
        "stream": True,
        "input": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
    }
    with httpx2.Client(headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False) as http:
        answer = http.post(f"{served.url}/v1/chat/completions", json=body)
    assert answer.status_code == 200
    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    assert json.loads(events[0])["object"] == "chat.completion.chunk"
    assert (served.last.dialect, served.last.raw) == ("openai", b"")
    assert served.last.tools[0].name == "f"


def test_conversations_kept_elsewhere_are_refused_by_name(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="auto", input="hi", previous_response_id="resp_1")


def test_tools_that_only_openai_runs_are_left_out_and_named(
    served: ServedHouse, client: openai.OpenAI
) -> None:
    tools: Any = [*RESPONSE_TOOLS, {"type": "web_search"}]
    raw = client.responses.with_raw_response.create(model="auto", input="hi", tools=tools)
    assert raw.headers["x-routerd-left-out"] == "web_search"
    assert [tool.name for tool in served.last.tools] == list(FUNCTIONS)


def test_a_custom_tool_gets_its_free_text(served: ServedHouse, client: openai.OpenAI) -> None:
    call = ToolCallDelta(0, "call_p", "apply_patch", '{"input": "*** Begin Patch"}')
    served.engine.script = lambda _: (call, Finish("tool_calls", Usage(1, 1)))
    tools: Any = [{"type": "custom", "name": "apply_patch", "description": "patches"}]
    whole = client.responses.create(model="auto", input="hi", tools=tools)
    with client.responses.stream(model="auto", input="hi", tools=tools) as events:
        for _ in events:
            continue
        streamed = events.get_final_response()
    for response in (whole, streamed):
        item = response.output[-1]
        assert item.type == "custom_tool_call"
        assert (item.call_id, item.input) == ("call_p", "*** Begin Patch")
    assert served.last.tools[0].schema["required"] == ["input"]


def test_what_only_responses_can_say_is_no_chat() -> None:
    body = b'{"model":"auto","input":[{"type":"web_search_call","id":"ws_1"}]}'
    with pytest.raises(InvalidRequest, match="web_search_call"):
        decode_chat(body)

"""Anthropic's own client over a real socket: messages, tools, thinking, counting, errors."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.request import Image, Text
from routerd.core.response import Finish, TextDelta, ThinkingDelta, ToolCallDelta, Usage
from tests.fakes.agent_script import ANSWER, USAGE, check_last, run_tool, tool_loop
from tests.fakes.scripted_house import TOKEN, ServedHouse

TOOLS: Any = [
    {"name": "read_file", "input_schema": {"type": "object"}},
    {"name": "count_lines", "input_schema": {"type": "object"}},
]
HI: Any = [{"role": "user", "content": "hi"}]
BILLING = "x-anthropic-billing-header: cc_version=2.1; cch=a1b2c"


@pytest.fixture(scope="module")
def client(served: ServedHouse) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=served.url, api_key=TOKEN, max_retries=0) as opened:
        yield opened


def _step(client: anthropic.Anthropic, messages: list[Any], *, stream: bool) -> Any:
    asked: Any = {
        "model": "claude-some-model",
        "max_tokens": 1000,
        "messages": messages,
        "tools": TOOLS,
        "thinking": {"type": "enabled", "budget_tokens": 8000},
    }
    if not stream:
        return client.messages.create(**asked)
    with client.messages.stream(**asked) as events:
        for _ in events:
            continue
        return events.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_with_parallel_tools(
    served: ServedHouse, client: anthropic.Anthropic, stream: bool
) -> None:
    served.engine.script = tool_loop
    messages: list[Any] = [{"role": "user", "content": "check my files"}]
    stops = []
    while True:
        message = _step(client, messages, stream=stream)
        stops.append(message.stop_reason)
        messages.append({"role": "assistant", "content": [b.model_dump() for b in message.content]})
        calls = [block for block in message.content if block.type == "tool_use"]
        if not calls:
            break
        results = [
            {"type": "tool_result", "tool_use_id": c.id, "content": run_tool(c.name, c.input)}
            for c in calls
        ]
        messages.append({"role": "user", "content": results})
    assert stops == ["tool_use", "tool_use", "end_turn"]
    assert "".join(block.text for block in message.content) == ANSWER
    first = [block["type"] for block in messages[1]["content"]]
    assert first == ["thinking", "text", "tool_use", "tool_use"]
    assert message.usage.cache_read_input_tokens == USAGE.cached_tokens
    assert message.usage.input_tokens == USAGE.input_tokens - USAGE.cached_tokens
    assert message.model == "fake/coder"
    check_last(served.last)
    assert (served.last.effort, served.last.requested_model) == ("medium", "claude-some-model")


def test_thinking_that_was_not_asked_for_is_not_shown(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    served.engine.script = lambda _: (
        ThinkingDelta("hm"),
        TextDelta("Yes."),
        Finish("stop", Usage(1, 1)),
    )
    whole = client.messages.create(model="auto", max_tokens=9, messages=HI)
    with client.messages.stream(model="auto", max_tokens=9, messages=HI) as events:
        streamed = events.get_final_message()
    for message in (whole, streamed):
        assert [block.type for block in message.content] == ["text"]


def test_a_signature_and_redacted_thinking_come_through(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    served.engine.script = lambda _: (
        ThinkingDelta("hm"),
        ThinkingDelta("", "sig"),
        ThinkingDelta("", "sealed", redacted=True),
        TextDelta("Yes."),
        Finish("stop", Usage(1, 1), "END"),
    )
    for stream in (False, True):
        message = _step(client, HI, stream=stream)
        assert [block.type for block in message.content] == [
            "thinking",
            "redacted_thinking",
            "text",
        ]
        assert (message.content[0].signature, message.content[1].data) == ("sig", "sealed")
        assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")


def test_a_stream_that_breaks_off_raises(served: ServedHouse, client: anthropic.Anthropic) -> None:
    served.engine.script = lambda _: (TextDelta("half"), ProviderFailed("it went away", "died"))
    opened = client.messages.stream(model="auto", max_tokens=9, messages=HI)
    with opened as events, pytest.raises(anthropic.APIStatusError, match="went away"):
        list(events)


def test_tool_arguments_that_break_are_an_error_in_both_forms(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    bad = ToolCallDelta(0, "c", "read_file", '{"path": ')
    served.engine.script = lambda _: (bad, Finish("tool_calls", Usage(1, 1)))
    for stream in (False, True):
        with pytest.raises(anthropic.APIStatusError, match="no JSON object"):
            _step(client, HI, stream=stream)


def test_a_system_prompt_loses_its_billing_line_but_not_its_raw_body(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    system: Any = [{"type": "text", "text": BILLING}, {"type": "text", "text": "Be brief."}]
    client.messages.create(model="auto", max_tokens=9, messages=HI, system=system)
    assert served.last.messages[0].parts == (Text("Be brief."),)
    assert BILLING.encode() in served.last.raw


def test_images_in_tool_results_reach_the_engine(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    use = {"type": "tool_use", "id": "t1", "name": "read_file", "input": {}}
    result = {
        "type": "tool_result",
        "tool_use_id": "t1",
        "is_error": True,
        "content": [{"type": "text", "text": "seen"}, {"type": "image", "source": image}],
    }
    messages: Any = [
        *HI,
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result, {"type": "text", "text": "well?"}]},
    ]
    client.messages.create(model="auto", max_tokens=9, messages=messages, tools=TOOLS)
    tool, user = served.last.messages[-2:]
    assert (tool.parts[0].text, tool.parts[0].is_error) == ("seen", True)
    assert user.parts == (Image("image/png", "iVBORw0KGgo="), Text("well?"))


def test_a_document_that_only_anthropic_reads_is_refused_before_anyone_is_asked(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    content: Any = [{"type": "document", "source": source}, {"type": "text", "text": "sum up"}]
    before = len(served.engine.requests)
    with pytest.raises(anthropic.APIStatusError, match="only the anthropic dialect"):
        client.messages.create(
            model="auto", max_tokens=9, messages=[{"role": "user", "content": content}]
        )
    assert len(served.engine.requests) == before


def test_a_server_tool_is_left_out_when_offered_and_refused_when_demanded(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    tools: Any = [*TOOLS, {"type": "web_search_20250305", "name": "web_search"}]
    raw = client.messages.with_raw_response.create(
        model="auto", max_tokens=9, messages=HI, tools=tools
    )
    assert raw.headers["x-routerd-left-out"] == "web_search"
    assert [tool.name for tool in served.last.tools] == ["read_file", "count_lines"]
    with pytest.raises(anthropic.BadRequestError, match="web_search"):
        client.messages.create(
            model="auto",
            max_tokens=9,
            messages=HI,
            tools=tools,
            tool_choice={"type": "tool", "name": "web_search"},
        )


def test_tokens_are_counted_without_asking_anyone(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    before = len(served.engine.requests)
    short = client.messages.count_tokens(model="auto", messages=HI)
    long: Any = [{"role": "user", "content": "word " * 1000}]
    longer = client.messages.count_tokens(model="auto", messages=long, system="x", tools=TOOLS)
    assert 0 < short.input_tokens < 20
    assert 1000 < longer.input_tokens < 2500
    assert len(served.engine.requests) == before


def test_errors_are_the_clients_own(served: ServedHouse, client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model="auto", max_tokens=-1, messages=HI)
    body: Any = caught.value.body
    assert body["type"] == "error"
    assert body["error"]["type"] == "invalid_request_error"
    stranger = anthropic.Anthropic(base_url=served.url, api_key="wrong", max_retries=0)
    with stranger, pytest.raises(anthropic.AuthenticationError) as refused:
        stranger.messages.create(model="auto", max_tokens=9, messages=HI)
    told: Any = refused.value.body
    assert told["error"]["type"] == "authentication_error"


def test_a_busy_backend_tells_when_to_come_again(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    busy = ProviderFailed("it is busy", "overloaded", retry_after_s=7, status=429)
    served.engine.script = lambda _: (busy,)
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="auto", max_tokens=9, messages=HI)
    assert caught.value.response.headers["retry-after"] == "7"


def test_models_are_listed_in_this_dialect_too(client: anthropic.Anthropic) -> None:
    listed = list(client.models.list())
    assert [model.id for model in listed][:2] == ["auto", "auto:fast"]
    assert all(model.type == "model" and model.display_name for model in listed)
    assert client.models.retrieve("fake/coder").max_input_tokens == 131_072


@pytest.mark.parametrize(
    "user",
    [
        "user_1f_account_2a_session_9b2e44d0-77aa-4c1e-8a11-6f2d7c0e9a55",
        json.dumps({"device_id": "x", "session_id": "9b2e44d0-77aa-4c1e-8a11-6f2d7c0e9a55"}),
    ],
)
def test_a_session_is_known_by_its_metadata(
    served: ServedHouse, client: anthropic.Anthropic, user: str
) -> None:
    client.messages.create(model="auto", max_tokens=9, messages=HI, metadata={"user_id": user})
    assert served.last.session_key == "9b2e44d0-77aa-4c1e-8a11-6f2d7c0e9a55"


def test_a_sign_of_life_needs_no_token_and_tells_nothing(served: ServedHouse) -> None:
    with httpx2.Client(trust_env=False) as http:
        answer = http.head(f"{served.url}/")
        assert (answer.status_code, answer.content) == (200, b"")
        assert http.get(f"{served.url}/v1/models").status_code == 401
        assert http.head(f"{served.url}/", headers={"host": "evil.test"}).status_code == 421


def test_the_headers_that_belong_to_a_body_go_with_it(
    served: ServedHouse, client: anthropic.Anthropic
) -> None:
    served.engine.script = lambda _: (TextDelta("ok"), Finish("stop", USAGE))
    headers = {"anthropic-beta": "context-1m-2025-08-07", "x-other": "1"}
    client.messages.create(model="claude-x", max_tokens=5, messages=HI, extra_headers=headers)
    told = dict(served.engine.requests[-1].dialect_headers)
    assert told["anthropic-beta"] == "context-1m-2025-08-07"
    assert set(told) == {"anthropic-version", "anthropic-beta"}

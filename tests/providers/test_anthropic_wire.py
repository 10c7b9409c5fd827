"""Requests as Anthropic takes them, from whatever dialect they came in."""

from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.request import (
    Image,
    Limits,
    Message,
    Request,
    ResponseFormat,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from routerd.providers.anthropic_wire import (
    JSON_ONLY,
    closed,
    encode_request,
    without_foreign_thinking,
)
from tests.fakes.anthropic_server import VERSIONS, FakeAnthropic
from tests.fakes.clouds import TOOL, asking

MARK = {"cache_control": {"type": "ephemeral"}}


def encoded(request: Request) -> dict[str, Any]:
    body = encode_request(request, "claude", 4096)
    assert FakeAnthropic.fault(body, VERSIONS[-1]) == ""
    return body


def test_a_plain_question_is_as_short_as_can_be() -> None:
    hello = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    assert encoded(asking()) == {
        "model": "claude",
        "max_tokens": 4096,
        "messages": [hello],
        "stream": True,
    }


def test_a_tool_loop_becomes_turns_that_alternate() -> None:
    body = encoded(
        asking(
            Message("system", (Text("be brief"),)),
            Message("user", (Text("look"), Image("image/png", "aGk="))),
            Message(
                "assistant", (Thinking("hm", "x-signed"), Text(" "), ToolCall("a.1", "edit", "{}"))
            ),
            Message("tool", (ToolResult("a.1", "no such file", is_error=True),)),
            Message("user", (Text("go on"),)),
            tools=(TOOL,),
        )
    )
    assert body["system"] == [{"type": "text", "text": "be brief", **MARK}]
    assert body["tools"][0] | {"cache_control": 0} == {
        "name": "edit",
        "description": "Changes a file.",
        "input_schema": TOOL.schema,
        "cache_control": 0,
    }
    user, assistant, last = body["messages"]
    assert user["content"][1]["source"] == {
        "type": "base64",
        "media_type": "image/png",
        "data": "aGk=",
    }
    assert assistant["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "x-signed"},
        {"type": "tool_use", "id": "a_1", "name": "edit", "input": {}},
    ]
    result = {"type": "tool_result", "tool_use_id": "a_1", "content": "no such file"}
    assert last["content"] == [
        result | {"is_error": True},
        {"type": "text", "text": "go on", **MARK},
    ]


def test_redacted_thinking_goes_back_as_it_came() -> None:
    talk = (
        Message("user", (Text("a"),)),
        Message("assistant", (Thinking("", "E", True), Text("b "))),
    )
    content = encoded(asking(*talk))["messages"][1]["content"]
    assert content == [{"type": "redacted_thinking", "data": "E"}, {"type": "text", "text": "b"}]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("edit", {"type": "tool", "name": "edit"}),
    ],
)
def test_tool_choice_has_its_words_here(choice: str, wire: dict[str, str]) -> None:
    assert encoded(asking(tools=(TOOL,), tool_choice=choice))["tool_choice"] == wire


def test_no_tools_are_sent_where_none_may_be_called() -> None:
    assert "tools" not in encoded(asking(tools=(TOOL,), tool_choice="none"))


def test_what_this_api_has_no_word_for_is_left_out() -> None:
    body = encoded(asking(limits=Limits(7, 2.0, 0.9, 3, ("END", " "))))
    assert body["max_tokens"] == 7
    assert body["stop_sequences"] == ["END"]
    assert {"temperature", "top_p", "seed"}.isdisjoint(body)


def test_a_schema_is_closed_and_any_json_is_asked_for_in_words() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}
    shape = ResponseFormat("json_schema", "x", schema)
    sent = encoded(asking(response_format=shape))["output_config"]["format"]["schema"]
    assert sent == closed(schema)
    assert sent["properties"]["a"]["additionalProperties"] is False
    told = encoded(asking(response_format=ResponseFormat("json_object")))
    assert told["system"][-1]["text"] == JSON_ONLY


def test_a_broken_earlier_call_is_said_before_anything_is_sent() -> None:
    talk = Message("assistant", (ToolCall("1", "edit", "{"),))
    with pytest.raises(ProviderFailed, match="tool 'edit'"):
        encode_request(asking(talk), "claude", 9)


@pytest.mark.parametrize("messages", [None, "x", [3], [{"role": "user", "content": "x"}]])
def test_messages_of_another_shape_pass_unchanged(messages: Any) -> None:
    assert without_foreign_thinking(messages) == messages


def test_foreign_thinking_is_taken_out_of_a_passed_on_body() -> None:
    own = {"type": "thinking", "thinking": "a", "signature": "x-signed"}
    foreign = {"type": "thinking", "thinking": "b", "signature": "routerd:openai:x"}
    nobodys = {"type": "redacted_thinking", "data": ""}
    said = [{"role": "assistant", "content": [own, foreign, nobodys]}]
    assert without_foreign_thinking(said) == [{"role": "assistant", "content": [own]}]


def test_one_call_at_a_time_can_be_asked_for() -> None:
    body = encoded(asking(tools=(TOOL,), parallel_tools=False))
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}

"""Requests as Responses takes them, and its events to chunks; streams are in test_openai.py."""

from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.request import Image, Limits, Message, ResponseFormat, Text, Thinking, ToolCall
from routerd.core.response import Finish, ToolCallDelta
from routerd.providers.responses_wire import ResponsesDecoder, encode_request
from tests.fakes.clouds import TOOL, asking


def encoded(request: Any, *, reasons: bool = False) -> dict[str, Any]:
    return encode_request(request, "gpt", stream=True, reasons=reasons)


def test_a_plain_question_is_as_short_as_can_be() -> None:
    part = {"type": "input_text", "text": "hello"}
    assert encoded(asking()) == {
        "model": "gpt",
        "input": [{"type": "message", "role": "user", "content": [part]}],
        "stream": True,
        "store": False,
    }


def test_images_and_earlier_answers_have_their_kinds() -> None:
    talk = (
        Message("system", (Text("be brief"),)),
        Message("user", (Text("look"), Image("image/png", "aGk="))),
        Message("assistant", (Text("I see"), ToolCall("1", "edit", ""))),
    )
    system, user, said, call = encoded(asking(*talk))["input"]
    assert system["role"] == "system"
    assert user["content"][1]["image_url"] == "data:image/png;base64,aGk="
    assert said["content"] == [{"type": "output_text", "text": "I see"}]
    assert call == {"type": "function_call", "call_id": "1", "name": "edit", "arguments": "{}"}


def test_reasoning_that_led_to_nothing_is_left_out() -> None:
    talk = Message("assistant", (Thinking("", "routerd:openai:rs_1 abc"),))
    assert encoded(asking(talk))["input"] == []


@pytest.mark.parametrize(
    ("choice", "wire"),
    [("", "auto"), ("required", "required"), ("edit", {"type": "function", "name": "edit"})],
)
def test_tools_are_flat_here(choice: str, wire: Any) -> None:
    body = encoded(asking(tools=(TOOL,), tool_choice=choice))
    assert body["tools"][0]["parameters"] == TOOL.schema
    assert body["tool_choice"] == wire


def test_sampling_is_sent_only_where_it_is_taken() -> None:
    limits = Limits(9, 0.5, 0.9)
    shape = ResponseFormat("json_schema", "x", {"type": "object"})
    asked = asking(limits=limits, response_format=shape)
    plain, reasoning = encoded(asked), encoded(asked, reasons=True)
    assert (plain["temperature"], plain["top_p"], plain["max_output_tokens"]) == (0.5, 0.9, 9)
    assert plain["text"]["format"]["schema"] == {"type": "object"}
    assert {"temperature", "top_p"}.isdisjoint(reasoning)
    loose = encoded(asking(response_format=ResponseFormat("json_object")))
    assert loose["text"] == {"format": {"type": "json_object"}}


def test_arguments_in_one_piece_at_the_end_are_not_lost() -> None:
    decoder = ResponsesDecoder()
    item = {"type": "function_call", "call_id": "1", "name": "edit", "arguments": '{"a":1}'}
    decoder.feed({"type": "response.output_item.added", "output_index": 0, "item": item})
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    assert decoder.feed(done) == [ToolCallDelta(0, arguments='{"a":1}')]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.function_call_arguments.delta", "output_index": 3, "delta": "x"},
        {"type": "response.output_item.added", "item": {}},
        {"type": "response.completed", "response": {"status": "queued"}},
        {"type": "response.completed"},
    ],
)
def test_what_makes_no_sense_is_a_failure(event: dict[str, Any]) -> None:
    with pytest.raises(ProviderFailed):
        ResponsesDecoder().feed(event)


def test_kinds_of_a_later_version_are_passed_over() -> None:
    assert ResponsesDecoder().feed({"type": "response.something.new"}) == []
    ended = {"status": "completed", "output": [{"type": "web_search_call"}]}
    assert ResponsesDecoder().whole(ended) == [Finish("stop")]


def test_effort_and_single_calls_are_told_to_models_that_reason() -> None:
    body = encoded(asking(effort="low", tools=(TOOL,), parallel_tools=False), reasons=True)
    assert body["reasoning"] == {"effort": "low"}
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize("nested", [True, False])
def test_an_error_is_read_wherever_it_stands(nested: bool) -> None:
    told = {"code": "rate_limit_exceeded", "message": "slow down"}
    event = {"type": "error", **({"error": told} if nested else told)}
    with pytest.raises(ProviderFailed) as failed:
        ResponsesDecoder().feed(event)
    assert (failed.value.kind, failed.value.said) == ("overloaded", "slow down")

"""The events of a streamed response: items numbered, opened once, closed once."""

import json
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.request import Request, Tool
from routerd.core.response import (
    Finish,
    Native,
    Progress,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from routerd.dialects.openai_responses_events import StreamEncoder
from routerd.dialects.sse import EventParser

REQUEST = Request((), tools=(Tool("g", "", {}, custom=True),))


def _encoder() -> StreamEncoder:
    return StreamEncoder("resp_1", 5, REQUEST, "m")


def _events(*data: bytes) -> list[Any]:
    events = EventParser().feed(b"".join(data))
    told = [json.loads(event.data) for event in events]
    assert [event.name for event in events] == [value["type"] for value in told]
    return told


def test_an_answer_is_told_in_the_order_of_the_documentation() -> None:
    encoder = _encoder()
    told = _events(
        encoder.encode(ThinkingDelta("hm")),
        encoder.encode(TextDelta("hi")),
        encoder.encode(Finish("stop")),
    )
    assert [event["type"].removeprefix("response.") for event in told] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))


def test_pieces_of_parallel_calls_may_come_in_any_order() -> None:
    encoder = _encoder()
    told = _events(
        encoder.encode(ToolCallDelta(0, "a", "f", '{"x"')),
        encoder.encode(ToolCallDelta(1, "b", "f", "{}")),
        encoder.encode(ToolCallDelta(0, arguments=": 1}")),
        encoder.encode(Finish("tool_calls")),
    )
    items = told[-1]["response"]["output"]
    assert [(item["call_id"], item["arguments"]) for item in items] == [
        ("a", '{"x": 1}'),
        ("b", "{}"),
    ]


def test_a_custom_call_is_told_as_its_free_text() -> None:
    encoder = _encoder()
    first = encoder.encode(ToolCallDelta(0, "c", "g", '{"input": "a'))
    assert [event["type"] for event in _events(first)][-1] == "response.output_item.added"
    assert encoder.encode(ToolCallDelta(0, arguments='\\nb"}')) == b""
    told = _events(encoder.encode(Finish("tool_calls")))
    done = next(e for e in told if e["type"] == "response.custom_tool_call_input.done")
    assert done["input"] == "a\nb"
    assert told[-1]["response"]["output"][0]["input"] == "a\nb"


def test_an_empty_answer_still_has_its_message() -> None:
    told = _events(_encoder().encode(Finish("stop")))
    assert told[-1]["response"]["output"][0]["type"] == "message"


def test_an_error_is_a_failed_response_even_before_the_first_word() -> None:
    (failed,) = _events(_encoder().error(ProviderFailed("it broke", "died")))
    assert failed["type"] == "response.failed"
    assert failed["response"]["error"] == {"code": "server_error", "message": "it broke"}
    assert failed["response"]["status"] == "failed"


def test_native_events_pass_with_the_models_name_alone_put_right() -> None:
    encoder = _encoder()
    created = b'{"type":"response.created","response":{"model":"gpt-x","x":1.50}}'
    delta = b'{"type":"response.output_text.delta","delta":"hi","x":1.50}'
    (first,) = _events(encoder.encode(Native(created, "response.created")))
    assert first["response"]["model"] == "m"
    name = "response.output_text.delta"
    assert encoder.encode(Native(delta, name)) == (
        b"event: response.output_text.delta\ndata: " + delta + b"\n\n"
    )
    assert encoder.encode(TextDelta("hi")) == encoder.encode(Finish("stop")) == b""
    assert encoder.encode(Progress("x")) == b": x\n\n"

"""Towards a backend: the request as it wants it, and its chunks as core values."""

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
    Tool,
    ToolCall,
    ToolResult,
)
from routerd.core.response import (
    Assembler,
    Chunk,
    CompletedToolCall,
    Finish,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects.openai_chat import (
    ChunkDecoder,
    decode_response,
    decode_usage,
    encode_request,
    error_text,
)

ASK = Message("user", (Text("hi"),))


def delta(delta: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def test_the_smallest_request_has_model_messages_and_stream_only() -> None:
    assert encode_request(Request((ASK,)), "m", stream=False) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": False,
    }


def test_a_stream_asks_for_its_usage() -> None:
    body = encode_request(Request((ASK,)), "m", stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (
            Message("system", (Text("a"), Text("b"))),
            [{"role": "system", "content": "a\nb"}],
        ),
        (
            Message("user", (Text("see"), Image("image/png", "AAAA"))),
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "see"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    ],
                }
            ],
        ),
        (
            Message("assistant", (Thinking("hm"), ToolCall("c1", "f", '{"a":1}'))),
            [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "f", "arguments": '{"a":1}'},
                        }
                    ],
                }
            ],
        ),
        (
            Message("tool", (ToolResult("c1", "4"), ToolResult("c2", "5"))),
            [
                {"role": "tool", "tool_call_id": "c1", "content": "4"},
                {"role": "tool", "tool_call_id": "c2", "content": "5"},
            ],
        ),
        (
            Message("tool", (ToolResult("c1", "4"), Text("and now?"))),
            [
                {"role": "tool", "tool_call_id": "c1", "content": "4"},
                {"role": "user", "content": "and now?"},
            ],
        ),
        (Message("assistant", ()), [{"role": "assistant", "content": ""}]),
    ],
)
def test_each_message_becomes_what_the_backend_reads(message: Message, wire: list[Any]) -> None:
    assert encode_request(Request((message,)), "m", stream=False)["messages"] == wire


def test_tools_limits_and_format_go_along() -> None:
    request = Request(
        (ASK,),
        tools=(Tool("f", "does it", {"type": "object"}),),
        tool_choice="f",
        response_format=ResponseFormat("json_schema", "thing", {"type": "object"}),
        limits=Limits(100, 0.5, 0.9, 7, ("END",)),
    )
    body = encode_request(request, "m", stream=False)
    function = {"name": "f", "description": "does it", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "thing", "schema": {"type": "object"}, "strict": False},
    }
    limits = {key: body[key] for key in ("max_tokens", "temperature", "top_p", "seed", "stop")}
    assert list(limits.values()) == [100, 0.5, 0.9, 7, ["END"]]


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_plain_tool_choice_stays_a_word(choice: str) -> None:
    assert encode_request(Request((ASK,), tool_choice=choice), "m", stream=False)[
        "tool_choice"
    ] == (choice)


def test_a_plain_json_object_has_no_schema() -> None:
    request = Request((ASK,), response_format=ResponseFormat("json_object"))
    body = encode_request(request, "m", stream=False)
    assert body["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("sent", "chunks"),
    [
        ({"content": "a"}, (TextDelta("a"),)),
        ({"content": ""}, ()),
        ({"content": None, "role": "assistant"}, ()),
        ({"reasoning_content": "hm"}, (ThinkingDelta("hm"),)),
        ({"reasoning": "hm", "content": "a"}, (ThinkingDelta("hm"), TextDelta("a"))),
        ({"reasoning": "", "reasoning_content": ""}, ()),
        ({"reasoning": {"not": "text"}}, ()),
        ({"tool_calls": None}, ()),
        ({"tool_calls": []}, ()),
        (
            {"tool_calls": [{"index": 2, "id": "c", "function": {"name": "f", "arguments": "{"}}]},
            (ToolCallDelta(2, "c", "f", "{"),),
        ),
        ({"tool_calls": [{"index": 0}]}, (ToolCallDelta(0),)),
        ({}, ()),
        (None, ()),
    ],
)
def test_a_delta_becomes_chunks(sent: Any, chunks: tuple[Chunk, ...]) -> None:
    assert ChunkDecoder().feed(delta(sent)) == chunks


@pytest.mark.parametrize(
    "calls",
    [
        # Gemini's compatible door leaves the index out and sends each call in one piece.
        [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
        [{"index": None, "id": "a", "function": {"name": "f", "arguments": {}}}],
        [{"index": -1, "id": "a", "function": {"name": "f", "arguments": "{}"}}],
        [{"id": "a", "function": {"name": "f"}}, {"function": {"arguments": "{}"}}],
    ],
)
def test_calls_without_an_index_stay_apart(calls: list[Any]) -> None:
    decoder, assembler = ChunkDecoder(), Assembler()
    for call in calls:
        for chunk in decoder.feed(delta({"tool_calls": [call]})):
            assembler.add(chunk)
    second = {"id": "b", "function": {"name": "g", "arguments": "{}"}}
    for chunk in decoder.feed(delta({"tool_calls": [second]})):
        assembler.add(chunk)
    assert assembler.tool_calls == (
        CompletedToolCall("a", "f", "{}"),
        CompletedToolCall("b", "g", "{}"),
    )


def test_a_nameless_call_without_an_index_is_the_first() -> None:
    chunks = ChunkDecoder().feed(delta({"tool_calls": [{"function": {"arguments": "{}"}}]}))
    assert chunks == (ToolCallDelta(0, arguments="{}"),)


def test_arguments_sent_as_an_object_stay_json() -> None:
    function = {"name": "f", "arguments": {"a": [True, None]}}
    chunks = ChunkDecoder().feed(delta({"tool_calls": [{"id": "c", "function": function}]}))
    assert chunks == (ToolCallDelta(0, "c", "f", '{"a":[true,null]}'),)


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"error": {"message": "context  is\nfull"}}, "the backend failed: context is full"),
        ({"error": "plain"}, "the backend failed: plain"),
        ({"object": "ping"}, "without choices"),
        ({"choices": {}}, "without choices"),
        ({"choices": ["x"]}, "choice that is not an object"),
        (delta("x"), "delta that is not an object"),
        (delta({"tool_calls": 3}), "tool calls that are not an array"),
        (delta({"tool_calls": {"a": 1}}), "tool calls that are not an array"),
        (delta({"tool_calls": ["x"]}), "tool call that is not an object"),
        (delta({}, "error"), "broke the answer off"),
        (delta({}, "abort"), "broke the answer off"),
    ],
)
def test_an_object_without_sense_is_a_failure(obj: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderFailed) as failed:
        ChunkDecoder().feed(obj)
    assert words in failed.value.message


def test_what_a_backend_says_is_for_the_client_and_never_for_a_log() -> None:
    with pytest.raises(ProviderFailed) as failed:
        ChunkDecoder().feed({"error": {"message": "can't read: my secret prompt"}})
    assert "my secret prompt" in failed.value.message
    assert "my secret prompt" not in f"{failed.value}{failed.value!r}{failed.value.args}"


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("content_filter", "content_filter"),
        ("eos", "stop"),
    ],
)
def test_a_finish_reason_is_one_of_four(told: str, meant: str) -> None:
    decoder = ChunkDecoder()
    decoder.feed(delta({}, told))
    assert decoder.ended
    assert decoder.finish() == Finish(meant)  # type: ignore[arg-type]  # from the table


@pytest.mark.parametrize("reason", [None, ""])
def test_a_stream_without_a_finish_reason_has_failed(reason: Any) -> None:
    decoder = ChunkDecoder()
    decoder.feed(delta({"content": "half"}, reason))
    assert not decoder.ended
    with pytest.raises(ProviderFailed, match="without a finish reason") as failed:
        decoder.finish()
    assert failed.value.kind == "died"


def test_a_tool_call_closed_with_stop_ends_as_a_tool_call() -> None:
    decoder = ChunkDecoder()
    decoder.feed(delta({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}))
    decoder.feed(delta({}, "stop"))
    assert decoder.finish().reason == "tool_calls"


def test_usage_may_come_in_an_event_without_a_choice() -> None:
    decoder = ChunkDecoder()
    decoder.feed(delta({"content": "a"}, "stop", usage=None))
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    assert decoder.feed({"choices": [], "usage": usage}) == ()
    assert decoder.finish() == Finish("stop", Usage(5, 1))


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 6}, Usage(5, 6)),
        ({"prompt_tokens_details": {"cached_tokens": 4}}, Usage(-1, -1, 4)),
        ({"prompt_tokens_details": {"cached_tokens": None}}, Usage()),
        ({"prompt_tokens": True, "completion_tokens": "7"}, Usage()),
        ({"prompt_tokens": 1.5, "prompt_tokens_details": 3}, Usage()),
        ({}, Usage()),
    ],
)
def test_counts_that_are_no_whole_numbers_are_not_counted(usage: Any, counted: Usage) -> None:
    assert decode_usage(usage) == counted


def test_a_whole_answer_is_chunks_with_an_end() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "a", "tool_calls": [call]}
    obj = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    assert decode_response(obj) == (
        TextDelta("a"),
        ToolCallDelta(0, "c", "f", "{}"),
        Finish("tool_calls"),
    )


def test_a_whole_answer_without_a_finish_has_failed() -> None:
    with pytest.raises(ProviderFailed, match="without a finish reason"):
        decode_response({"choices": [{"message": {"content": "a"}}]})


@pytest.mark.parametrize(
    ("obj", "text"),
    [
        ({"error": {"message": " model \n not  found "}}, "model not found"),
        ({"error": "plain"}, "plain"),
        ({"error": {"code": 5}}, "no message given"),
        ({"error": None, "detail": "told here"}, "told here"),
        ({"message": "on top"}, "on top"),
        ({"detail": 5, "message": "then this"}, "then this"),
        ({}, "no message given"),
    ],
)
def test_a_backends_words_are_found_wherever_they_are(obj: dict[str, Any], text: str) -> None:
    assert error_text(obj) == text


def test_a_backends_words_are_shortened() -> None:
    assert error_text({"error": "x" * 500}) == "x" * 300


def test_fastapis_details_are_told_without_the_prompt_they_quote() -> None:
    fault = {"loc": ["body", "messages"], "msg": "field required", "input": "planted-secret"}
    assert error_text({"detail": [fault, {"msg": "too long"}, "odd"]}) == "field required; too long"


def test_a_refusal_is_said_and_not_lost() -> None:
    message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
    obj = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    assert decode_response(obj)[0] == TextDelta("I can't help with that.")


def test_what_fits_is_demanded_as_strict() -> None:
    closed = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    wanted = ResponseFormat("json_schema", "thing", closed)
    tool = Tool("f", "", closed, strict=True)
    asked = Request((Message("user", (Text("x"),)),), response_format=wanted, tools=(tool,))
    body = encode_request(asked, "m", stream=False)
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["tools"][0]["function"]["strict"] is True

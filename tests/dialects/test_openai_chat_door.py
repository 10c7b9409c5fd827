"""Towards a client: its request understood or refused by field, and the answer as it reads it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.errors import (
    InvalidRequest,
    NoCandidate,
    NotFound,
    ProviderFailed,
    RouterdError,
)
from routerd.core.request import (
    Image,
    Limits,
    Message,
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
    Progress,
    Response,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import strict_json
from routerd.dialects.openai_chat import ChunkDecoder, decode_response, encode_request
from routerd.dialects.openai_chat_door import (
    StreamEncoder,
    decode_request,
    encode_response,
    error_object,
)
from routerd.dialects.sse import EventParser

USER = {"role": "user", "content": "hi"}
PNG = "data:image/png;base64,AAAA"
# One value of every JSON type, to be put where each of them doesn't belong.
ANYTHING: dict[str, Any] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "integer": 3,
    "negative": -1,
    "number": 1.5,
    "huge": 10**30,
    "empty": "",
    "string": "x",
    "array": [1],
    "no array": [],
    "object": {"a": 1},
    "no object": {},
}


def body(**fields: Any) -> bytes:
    return json.dumps({"messages": [USER], **fields}).encode()


def refused(data: bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as failed:
        decode_request(data)
    return failed.value


def test_the_smallest_request_takes_every_default() -> None:
    data = body()
    request = decode_request(data)
    assert request.messages == (Message("user", (Text("hi"),)),)
    assert (request.requested_model, request.wants_stream, request.wants_usage) == (
        "auto",
        False,
        False,
    )
    assert (request.tools, request.tool_choice) == ((), "")
    assert (request.response_format, request.limits) == (ResponseFormat(), Limits())
    assert (request.dialect, request.raw) == ("openai", data)


def test_every_field_of_a_request_is_read() -> None:
    request = decode_request(
        body(
            model="auto:best",
            stream=True,
            stream_options={"include_usage": True},
            n=1,
            tools=[
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "description": "does it",
                        "parameters": {"type": "object", "properties": {}},
                    },
                },
                {"function": {"name": "g"}},
            ],
            tool_choice={"type": "function", "function": {"name": "f"}},
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": {"type": "array"}},
            },
            max_completion_tokens=9,
            max_tokens=5,
            temperature=1,
            top_p=0.5,
            seed=-3,
            stop=["a", "b"],
        )
    )
    assert request.requested_model == "auto:best"
    assert request.wants_stream
    assert request.wants_usage
    assert request.tools == (
        Tool("f", "does it", {"type": "object", "properties": {}}),
        Tool("g", "", {"type": "object"}),
    )
    assert request.tool_choice == "f"
    assert request.response_format == ResponseFormat("json_schema", "n", {"type": "array"})
    assert request.limits == Limits(9, 1.0, 0.5, -3, ("a", "b"))


@pytest.mark.parametrize("kind", ["text", "json_object"])
def test_a_plain_response_format_is_its_type(kind: Any) -> None:
    request = decode_request(body(response_format={"type": kind}))
    assert request.response_format == ResponseFormat(kind)


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_plain_tool_choice_is_its_word(choice: str) -> None:
    assert decode_request(body(tool_choice=choice)).tool_choice == choice


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"role": "system", "content": "a"}, Message("system", (Text("a"),))),
        ({"role": "developer", "content": "a"}, Message("system", (Text("a"),))),
        ({"role": "user", "content": ""}, Message("user", (Text(""),))),
        (
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            Message("user", (Text("a"),)),
        ),
        (
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "a"},
                    {"type": "image_url", "image_url": {"url": PNG}},
                    {"type": "input_image", "image_url": PNG},
                ],
            },
            Message("user", (Text("a"), Image("image/png", "AAAA"), Image("image/png", "AAAA"))),
        ),
        ({"role": "assistant", "content": None}, Message("assistant", ())),
        (
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            Message("assistant", (Text("no"),)),
        ),
        (
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": "c", "function": {"name": "f", "arguments": '{"a":1}'}},
                    {"function": {"name": "g"}},
                ],
            },
            Message("assistant", (ToolCall("c", "f", '{"a":1}'), ToolCall("", "g", "{}"))),
        ),
        (
            {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "4"}]},
            Message("tool", (ToolResult("c", "4"),)),
        ),
        ({"role": "tool", "content": None}, Message("tool", (ToolResult("", ""),))),
        (
            {"role": "function", "name": "f", "content": "4"},
            Message("tool", (ToolResult("", "4"),)),
        ),
    ],
)
def test_each_kind_of_message_is_read(wire: dict[str, Any], message: Message) -> None:
    assert decode_request(body(messages=[wire])).messages == (message,)


@pytest.mark.parametrize(
    ("field", "fine"),
    [
        ("messages", set()),
        ("model", {"null", "empty", "string"}),
        ("stream", {"null", "true", "false"}),
        ("stream_options", {"null", "no object", "object"}),
        ("n", {"null"}),
        ("tools", {"null", "no array"}),
        ("tool_choice", {"null"}),
        ("response_format", {"null"}),
        ("max_tokens", {"null", "integer", "negative"}),
        ("max_completion_tokens", {"null", "integer"}),
        ("temperature", {"null", "zero", "number"}),
        ("top_p", {"null", "zero"}),
        ("seed", {"null", "zero", "integer", "negative"}),
        ("stop", {"null", "empty", "string", "no array"}),
    ],
)
def test_a_field_of_the_wrong_type_is_named(field: str, fine: set[str]) -> None:
    for kind, value in ANYTHING.items():
        data = body(**{field: value})
        if kind in fine:
            decode_request(data)
            continue
        error = refused(data)
        named = error.param or ""
        assert named.startswith(field), (kind, named)
        assert f"'{named}" in error.message, kind


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": -0.1}, "temperature"),
        ({"top_p": 1.1}, "top_p"),
        ({"seed": 2**63}, "seed"),
        ({"max_tokens": 2**31}, "max_tokens"),
        ({"max_completion_tokens": 0, "max_tokens": 5}, "max_completion_tokens"),
        ({"stream_options": {"include_usage": "false"}}, "stream_options.include_usage"),
        ({"stop": ["a", 1]}, "stop"),
        ({"tools": [{"type": "function"}]}, "tools[0].function.name"),
        ({"tools": [{"function": {"name": 5}}]}, "tools[0].function.name"),
        ({"tools": [5]}, "tools[0]"),
        (
            {"tools": [{"function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        (
            {"tools": [{"function": {"name": "f"}}, {"function": {"name": "g", "description": 1}}]},
            "tools[1].function.description",
        ),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format"),
    ],
)
def test_a_value_out_of_bounds_is_named(fields: dict[str, Any], param: str) -> None:
    assert refused(body(**fields)).param == param


@pytest.mark.parametrize(
    ("message", "param"),
    [
        (5, "messages[1]"),
        ({}, "messages[1].role"),
        ({"role": "robot", "content": "x"}, "messages[1].role"),
        ({"role": ["user"], "content": "x"}, "messages[1].role"),
        ({"role": "user"}, "messages[1].content"),
        ({"role": "user", "content": None}, "messages[1].content"),
        ({"role": "user", "content": []}, "messages[1].content"),
        ({"role": "user", "content": 5}, "messages[1].content"),
        ({"role": "user", "content": {"type": "text"}}, "messages[1].content"),
        ({"role": "user", "content": ["x"]}, "messages[1].content[0]"),
        ({"role": "user", "content": [{}]}, "messages[1].content[0].type"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[1].content[0].type"),
        ({"role": "user", "content": [{"type": "text", "text": 5}]}, "messages[1].content[0].type"),
        ({"role": "user", "content": [{"type": "audio"}]}, "messages[1].content[0].type"),
        ({"role": "tool", "tool_call_id": 5, "content": "x"}, "messages[1].tool_call_id"),
        ({"role": "assistant", "tool_calls": {}}, "messages[1].tool_calls"),
        ({"role": "assistant", "tool_calls": [5]}, "messages[1].tool_calls[0].function.name"),
        ({"role": "assistant", "tool_calls": [{}]}, "messages[1].tool_calls[0].function.name"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {}}}]},
            "messages[1].tool_calls[0].function.arguments",
        ),
    ],
)
def test_a_bad_message_is_named_by_its_place(message: Any, param: str) -> None:
    error = refused(body(messages=[USER, message]))
    assert error.param == param
    assert param in error.message


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/x.png",
        "https://example.com/x.png",
        "file:///etc/passwd",
        "data:text/html;base64,AAAA",
        "data:image/png,not base64",
        "data:image/png;base64,",
        "data:image/png;base64",
        "",
        None,
        5,
    ],
)
def test_an_image_that_would_have_to_be_fetched_is_refused(url: Any) -> None:
    for image in (url, {"url": url}):
        part = {"type": "image_url", "image_url": image}
        error = refused(body(messages=[{"role": "user", "content": [part]}]))
        assert error.param == "messages[0].content[0].image_url"
        assert "does not fetch" in error.message


@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["role", "content", "type", "text", "function", "name", "tool_calls"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    field=st.sampled_from(["messages", "tools", "tool_choice", "response_format", "stop", "n"]),
)
def test_no_value_breaks_the_door(value: Any, field: str) -> None:
    fields = {"messages": [{"role": "user", "content": value}]}
    for tried in (fields, {field: value}, {"messages": [value]}, {"messages": value}):
        try:
            request = decode_request(body(**tried))
        except InvalidRequest as error:
            assert error.message  # noqa: PT017  # no other error may come
        else:
            assert request.estimated_tokens > 0
            encode_request(request, "m", stream=False)


@given(data=st.binary(max_size=60))
def test_no_bytes_break_the_door(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_request(data)


def test_what_a_client_wrote_reaches_a_backend_as_it_was() -> None:
    messages = [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": PNG}},
            ],
        },
        {
            "role": "assistant",
            "content": "calling",
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": "4"},
    ]
    tools = [
        {
            "type": "function",
            "function": {"name": "f", "description": "d", "parameters": {"type": "object"}},
        }
    ]
    fields = {"tools": tools, "tool_choice": "required", "temperature": 0.5, "stop": ["x"]}
    request = decode_request(body(messages=messages, **fields))
    assert encode_request(request, "m", stream=False) == {
        "model": "m",
        "stream": False,
        "messages": messages,
        **fields,
    }


WORDS = st.text(st.characters() | st.just("\ud800"), min_size=1, max_size=6)
CALL_PIECES = st.lists(WORDS | st.just(""), max_size=4)


@st.composite
def answers(draw: st.DrawFn) -> list[Chunk]:
    """Draw the chunks of a whole answer as backends send them."""
    chunks: list[Chunk] = [ThinkingDelta(text) for text in draw(st.lists(WORDS, max_size=2))]
    chunks += [TextDelta(text) for text in draw(st.lists(WORDS, max_size=3))]
    calls = draw(st.lists(CALL_PIECES, max_size=3))
    for index, pieces in enumerate(calls):
        chunks.append(ToolCallDelta(index, f"id{index}", f"tool{index}"))
        # Some servers say id and name again with every piece.
        again = draw(st.booleans())
        chunks += [
            ToolCallDelta(index, f"id{index}", f"tool{index}", piece)
            if again
            else ToolCallDelta(index, arguments=piece)
            for piece in pieces
        ]
    counts = st.integers(0, 10**6)
    usage = Usage(draw(counts), draw(counts), draw(counts))
    reason = "tool_calls" if calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
    return [*chunks, Finish(reason, usage)]  # type: ignore[list-item]  # reasons from the table


def put_together(chunks: list[Chunk]) -> Response:
    assembler = Assembler()
    for chunk in chunks:
        assembler.add(chunk)
    return assembler.response("p/m")


def received(wire: bytes, size: int) -> list[Chunk]:
    """Read a stream as a client does, in pieces of `size` bytes."""
    parser, decoder = EventParser(), ChunkDecoder()
    chunks: list[Chunk] = []
    for start in range(0, len(wire), size):
        for event in parser.feed(wire[start : start + size]):
            if event.data == b"[DONE]":
                assert not parser.unfinished
                return [*chunks, decoder.finish()]
            chunks += decoder.feed(strict_json.backend_object(event.data))
    raise AssertionError("no [DONE]")


@given(chunks=answers(), size=st.integers(1, 400))
def test_a_streamed_and_a_whole_answer_say_the_same(chunks: list[Chunk], size: int) -> None:
    meant = put_together(chunks)
    encoder = StreamEncoder("id", 1, include_usage=True, model="p/m")
    wire = b"".join(encoder.encode(chunk) for chunk in chunks)
    assert put_together(received(wire, size)) == meant
    whole = strict_json.backend_object(encode_response(meant, "id", 1))
    assert put_together(list(decode_response(whole))) == meant


@given(chunks=answers())
def test_every_event_of_a_stream_is_a_chunk_object(chunks: list[Chunk]) -> None:
    encoder = StreamEncoder("id-1", 7, model="p/m")
    wire = b"".join(encoder.encode(chunk) for chunk in chunks)
    events = [event.data for event in EventParser().feed(wire)]
    assert events[-1] == b"[DONE]"
    objects = [json.loads(event) for event in events[:-1]]
    for obj in objects:
        assert (obj["id"], obj["object"], obj["created"], obj["model"]) == (
            "id-1",
            "chat.completion.chunk",
            7,
            "p/m",
        )
        assert len(obj["choices"]) == 1
        assert "usage" not in obj
    assert [obj["choices"][0]["delta"].get("role") for obj in objects] == [
        "assistant",
        *[None] * (len(objects) - 1),
    ]
    reasons = [obj["choices"][0]["finish_reason"] for obj in objects]
    assert reasons[:-1] == [None] * (len(objects) - 1)
    assert reasons[-1] is not None


def sent(*chunks: Chunk) -> list[dict[str, Any]]:
    encoder = StreamEncoder("id", 1)
    return [
        call
        for chunk in chunks
        for event in EventParser().feed(encoder.encode(chunk))
        for call in json.loads(event.data)["choices"][0]["delta"]["tool_calls"]
    ]


def test_a_call_says_its_id_and_name_once_however_often_the_backend_does() -> None:
    assert sent(
        ToolCallDelta(0, "c", "f", "{"),
        ToolCallDelta(0, "c", "f", "}"),
        ToolCallDelta(1, "", "g"),
    ) == [
        {
            "index": 0,
            "id": "c",
            "type": "function",
            "function": {"name": "f", "arguments": "{"},
        },
        {"index": 0, "function": {"arguments": "}"}},
        {
            "index": 1,
            "id": "call_1",
            "type": "function",
            "function": {"name": "g", "arguments": ""},
        },
    ]


def test_a_name_that_comes_after_the_id_is_sent_on() -> None:
    first, second = sent(ToolCallDelta(0, "c"), ToolCallDelta(0, name="f", arguments="{}"))
    assert first["id"] == "c"
    assert second == {"index": 0, "function": {"name": "f", "arguments": "{}"}}


def test_progress_is_a_comment_and_starts_no_answer() -> None:
    encoder = StreamEncoder("id", 1)
    assert encoder.encode(Progress("loading\nthe model")) == b": loading the model\n\n"
    (event,) = EventParser().feed(encoder.encode(TextDelta("a")))
    assert json.loads(event.data)["choices"][0]["delta"]["role"] == "assistant"


def test_an_error_in_a_stream_is_told_and_nothing_ends_it() -> None:
    encoder = StreamEncoder("id", 1, model="p/m")
    wire = encoder.encode(TextDelta("half")) + encoder.error(ProviderFailed("p died", "died"))
    assert b"[DONE]" not in wire
    decoder = ChunkDecoder()
    text, error = [strict_json.backend_object(event.data) for event in EventParser().feed(wire)]
    assert decoder.feed(text) == (TextDelta("half"),)
    with pytest.raises(ProviderFailed) as failed:
        decoder.feed(error)
    assert failed.value.said == "p died"


def test_a_stream_that_breaks_off_fails_at_the_client() -> None:
    wire = StreamEncoder("id", 1).encode(TextDelta("half"))
    decoder = ChunkDecoder()
    for event in EventParser().feed(wire):
        decoder.feed(strict_json.backend_object(event.data))
    with pytest.raises(ProviderFailed, match="without a finish reason"):
        decoder.finish()


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (Response("m", "hi", "stop"), {"role": "assistant", "content": "hi"}),
        (Response("m", "", "stop"), {"role": "assistant", "content": ""}),
        (
            Response("m", "", "stop", thinking="hm"),
            {"role": "assistant", "content": "", "reasoning_content": "hm"},
        ),
        (
            Response("m", "", "tool_calls", tool_calls=(CompletedToolCall("", "f", "{}"),)),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_0",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                    }
                ],
            },
        ),
    ],
)
def test_a_whole_answer_has_the_message_clients_expect(response: Response, message: Any) -> None:
    obj = json.loads(encode_response(response, "id", 5))
    assert obj["choices"] == [
        {"index": 0, "message": message, "logprobs": None, "finish_reason": response.finish}
    ]
    assert (obj["id"], obj["object"], obj["created"], obj["model"]) == (
        "id",
        "chat.completion",
        5,
        "m",
    )


def test_counts_an_engine_did_not_give_are_zero_on_the_wire() -> None:
    response = Response("m", "hi", "stop", Usage())
    assert json.loads(encode_response(response, "id", 5))["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
    counted = Response("m", "hi", "stop", Usage(5, 2, 1))
    assert json.loads(encode_response(counted, "id", 5))["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 1},
    }


@pytest.mark.parametrize(
    ("error", "kind", "param", "code"),
    [
        (InvalidRequest("x", "messages"), "invalid_request_error", "messages", None),
        (NotFound("x"), "invalid_request_error", None, "model_not_found"),
        (NoCandidate("x"), "routerd_error", None, None),
        (ProviderFailed("x", "died"), "routerd_error", None, None),
    ],
)
def test_an_error_says_that_routerd_speaks(
    error: RouterdError, kind: str, param: str | None, code: str | None
) -> None:
    assert error_object(error) == {
        "error": {"message": "x", "type": kind, "param": param, "code": code, "src": "routerd"}
    }


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"function_call": "auto", "functions": []}, "function_call"),
        ({"modalities": ["text", "audio"], "audio": {"voice": "x"}}, "audio"),
        ({"tool_choice": {"type": "web_search_preview"}}, "web_search_preview"),
    ],
)
def test_what_only_openai_can_say_is_named_and_not_dropped(
    more: dict[str, Any], named: str
) -> None:
    body = {"messages": [{"role": "user", "content": "hi"}], **more}
    assert decode_request(json.dumps(body).encode()).native_only == named


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}},
    ],
)
def test_sound_and_files_are_for_speakers_of_this_dialect(part: dict[str, Any]) -> None:
    body = {"messages": [{"role": "user", "content": [part]}]}
    request = decode_request(json.dumps(body).encode())
    assert request.native_only == part["type"]


def test_reasoning_that_is_passed_back_is_read_and_the_models_own_search_an_offer() -> None:
    said = {"role": "assistant", "reasoning_content": "hm", "content": "a"}
    body = {"messages": [{"role": "user", "content": "hi"}, said], "web_search_options": {}}
    request = decode_request(json.dumps(body).encode())
    assert request.messages[1].parts == (Thinking("hm"), Text("a"))
    assert request.left_out == ("web_search",)


def test_a_result_with_an_image_keeps_it() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    told = [{"type": "text", "text": "seen"}, image]
    body = {"messages": [{"role": "tool", "tool_call_id": "c", "content": told}]}
    request = decode_request(json.dumps(body).encode())
    assert request.messages[0].parts == (ToolResult("c", "seen"), Image("image/png", "AAAA"))


def test_tools_of_free_text_and_choices_among_some_are_read() -> None:
    body = {
        "messages": [
            {"role": "user", "content": "hi"},
            {
                "role": "assistant",
                "tool_calls": [
                    {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "a\nb"}}
                ],
            },
        ],
        "tools": [
            {"type": "custom", "custom": {"name": "patch", "description": "d"}},
            {"type": "function", "function": {"name": "f", "strict": True}},
            {"type": "function", "function": {"name": "g"}},
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "auto",
                "tools": [
                    {"type": "custom", "custom": {"name": "patch"}},
                    {"type": "function", "function": {"name": "f"}},
                ],
            },
        },
    }
    request = decode_request(json.dumps(body).encode())
    tools = [(tool.name, tool.custom, tool.strict) for tool in request.tools]
    assert tools == [("patch", True, False), ("f", False, True)]
    assert request.tool_choice == "auto"
    assert request.messages[1].parts == (ToolCall("c", "patch", '{"input":"a\\nb"}'),)


def test_a_call_of_a_free_text_tool_is_told_as_one() -> None:
    call = CompletedToolCall("c", "patch", '{"input":"a\\nb"}')
    response = Response("m", "", "tool_calls", tool_calls=(call,))
    told = json.loads(encode_response(response, "id", 0, {"patch"}))
    wanted = {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "a\nb"}}
    assert told["choices"][0]["message"]["tool_calls"] == [wanted]
    encoder = StreamEncoder("id", 0, custom={"patch"})
    out = encoder.encode(ToolCallDelta(0, "c", "patch", '{"input":'))
    out += encoder.encode(ToolCallDelta(0, arguments='"a\\nb"}'))
    assert out == b""
    last = encoder.encode(Finish("tool_calls")).split(b"\n\n")[0].removeprefix(b"data: ")
    (told_call,) = json.loads(last)["choices"][0]["delta"]["tool_calls"]
    assert told_call == {"index": 0, **wanted}

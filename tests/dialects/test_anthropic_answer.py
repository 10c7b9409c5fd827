"""Content blocks one after the other, whatever order the pieces of parallel calls come in."""

import json

import pytest

from routerd.core.errors import InvalidRequest, NoCandidate, NotFound, ProviderFailed, RouterdError
from routerd.core.response import (
    CompletedToolCall,
    Finish,
    Native,
    Progress,
    Response,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects.anthropic_answer import StreamEncoder, encode_response, error_object
from routerd.dialects.sse import EventParser


def _told(*data: bytes) -> list[tuple[str, str]]:
    """Return what each event says, in short."""
    found = []
    for event in EventParser().feed(b"".join(data)):
        obj = json.loads(event.data)
        block = obj.get("content_block", {})
        delta = obj.get("delta", {})
        said = block.get("name") or delta.get("partial_json") or delta.get("text") or ""
        found.append((obj["type"].removeprefix("content_block_"), said))
    return found


def test_a_second_call_waits_until_the_first_is_whole() -> None:
    encoder = StreamEncoder("i", model="m")
    first = encoder.encode(ToolCallDelta(0, "a", "one", '{"x'))
    second = encoder.encode(ToolCallDelta(1, "b", "two", '{"y": 1}'))
    assert _told(first)[1:] == [("start", "one"), ("delta", '{"x')]
    assert _told(second) == []
    rest = encoder.encode(ToolCallDelta(0, arguments='": 1}'))
    assert _told(rest) == [
        ("delta", '": 1}'),
        ("stop", ""),
        ("start", "two"),
        ("delta", '{"y": 1}'),
    ]
    assert _told(encoder.encode(Finish("tool_calls")))[0] == ("stop", "")


def test_a_call_that_goes_on_after_its_end_is_an_error() -> None:
    encoder = StreamEncoder("i")
    encoder.encode(ToolCallDelta(0, "a", "one", "{}"))
    encoder.encode(ToolCallDelta(1, "b", "two", ""))
    assert encoder.encode(ToolCallDelta(0, arguments=" ")) == b""
    with pytest.raises(ProviderFailed, match="it had ended"):
        encoder.encode(ToolCallDelta(0, arguments='"x"'))


def test_text_after_a_call_is_a_block_of_its_own() -> None:
    encoder = StreamEncoder("i")
    sent = [
        encoder.encode(TextDelta("before")),
        encoder.encode(ToolCallDelta(0, "a", "one", "{}")),
        encoder.encode(TextDelta("after")),
        encoder.encode(Finish("stop")),
    ]
    starts = [event for event in _told(*sent) if event[0] == "start"]
    assert starts == [("start", ""), ("start", "one"), ("start", "")]


def test_progress_is_a_comment_and_hidden_thinking_a_ping() -> None:
    encoder = StreamEncoder("i", thinking=False)
    told = encoder.encode(Progress("loading"))
    assert told == b': loading\n\nevent: ping\ndata: {"type":"ping"}\n\n'
    assert _told(encoder.encode(ThinkingDelta("hm"))) == [("message_start", ""), ("ping", "")]


def test_native_events_pass_with_the_models_name_alone_put_right() -> None:
    encoder = StreamEncoder("i", model="cloud/claude")
    start = b'{"type":"message_start","message":{"id":"up","model":"claude-x","future":1.50}}'
    delta = b'{"type":"content_block_delta","index":0,"delta":{"type":"new_delta","x":1.50}}'
    (first,) = EventParser().feed(encoder.encode(Native(start, "message_start")))
    assert json.loads(first.data)["message"] == {"id": "up", "model": "cloud/claude", "future": 1.5}
    assert encoder.encode(Native(delta, "content_block_delta")) == (
        b"event: content_block_delta\ndata: " + delta + b"\n\n"
    )
    assert encoder.encode(TextDelta("said already")) == b""
    assert encoder.encode(Finish("stop")) == b""


def test_a_native_answer_is_itself_but_for_the_model() -> None:
    native = b'{"id":"up", "model":"claude-x", "content":[], "x":1.50}'
    response = Response("cloud/claude", "", "stop", native=native)
    assert encode_response(response, "i") == native.replace(b"claude-x", b"cloud/claude")


def test_cached_tokens_are_counted_apart() -> None:
    response = Response("m", "hi", "stop", Usage(100, 5, 60, 30))
    assert json.loads(encode_response(response, "i"))["usage"] == {
        "input_tokens": 10,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 60,
        "output_tokens": 5,
    }
    unknown = json.loads(encode_response(Response("m", "hi", "stop"), "i"))["usage"]
    assert set(unknown.values()) == {0}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequest("x"), "invalid_request_error"),
        (NotFound("x"), "not_found_error"),
        (NoCandidate("x"), "overloaded_error"),
        (NoCandidate("x", refused_by_policy=True), "permission_error"),
        (ProviderFailed("x", "timeout"), "timeout_error"),
        (ProviderFailed("x", "died"), "api_error"),
        (ProviderFailed("x", "rejected", status=422), "invalid_request_error"),
    ],
)
def test_each_error_has_its_kind(error: RouterdError, kind: str) -> None:
    assert error_object(error) == {
        "type": "error",
        "error": {"type": kind, "message": "x", "src": "routerd"},
    }


def test_ids_that_anthropic_would_not_take_back_are_put_right() -> None:
    call = CompletedToolCall("functions.read:0", "read", "{}")
    told = json.loads(encode_response(Response("m", "", "tool_calls", tool_calls=(call,)), "msg_1"))
    assert told["content"][0]["id"] == "functions_read_0"


def test_the_first_event_is_known_without_its_name() -> None:
    encoder = StreamEncoder("id", model="full/name")
    data = b'{"type":"message_start","message":{"model":"name","content":[]}}'
    assert (
        encoder.encode(Native(data))
        == b"data: " + data.replace(b'"name"', b'"full/name"') + b"\n\n"
    )

"""The response object: its items, its status, and what was asked said back."""

import json
from typing import Any

import pytest

from routerd.core.errors import NotFound, ProviderFailed
from routerd.core.request import Limits, Request, Tool
from routerd.core.response import CompletedToolCall, Response, TokenLogprob, Usage
from routerd.dialects.openai_responses_answer import encode_response, error_object

REQUEST = Request(
    (),
    tools=(Tool("f", "does it", {"type": "object"}), Tool("g", "", {}, custom=True)),
    tool_choice="f",
    limits=Limits(max_output_tokens=9, temperature=0.5),
    parallel_tools=False,
)


def _told(response: Response) -> Any:
    return json.loads(encode_response(response, REQUEST, "resp_1", 5))


def test_what_was_asked_is_said_back() -> None:
    told = _told(Response("m", "hi", "stop"))
    assert told["tool_choice"] == {"type": "function", "name": "f"}
    assert told["tools"][0]["name"] == "f"
    assert (told["max_output_tokens"], told["temperature"]) == (9, 0.5)
    assert (told["parallel_tool_calls"], told["store"], told["created_at"]) == (False, False, 5)


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_the_status_tells_how_it_ended(finish: Any, status: str, reason: Any) -> None:
    told = _told(Response("m", "hi", finish))
    assert (told["status"], told["incomplete_details"]) == (status, reason)


def test_sealed_thinking_goes_back_to_its_maker() -> None:
    told = _told(Response("m", "hi", "stop", thinking="hm", thinking_signature="sealed"))
    assert told["output"][0]["encrypted_content"] == "sealed"
    assert told["output"][0]["summary"] == [{"type": "summary_text", "text": "hm"}]
    only = _told(Response("m", "hi", "stop", redacted_thinking=("a", "b")))
    assert only["output"][0] == {
        "id": "rs_resp_1",
        "type": "reasoning",
        "summary": [],
        "encrypted_content": "b",
    }


def test_calls_have_ids_of_their_own_where_the_engine_gave_none() -> None:
    calls = (CompletedToolCall("", "f", "{}"), CompletedToolCall("", "f", "{}"))
    items = _told(Response("m", "", "tool_calls", tool_calls=calls))["output"]
    assert [item["call_id"] for item in items] == ["call_resp_1_0", "call_resp_1_1"]
    assert len({item["id"] for item in items}) == 2


def test_a_custom_call_whose_arguments_break_is_an_error() -> None:
    calls = (CompletedToolCall("c", "g", '{"input": '),)
    with pytest.raises(ProviderFailed, match="tool 'g'"):
        _told(Response("m", "", "tool_calls", tool_calls=calls))


def test_an_empty_answer_has_an_empty_text() -> None:
    (item,) = _told(Response("m", "", "stop"))["output"]
    assert item["content"][0]["text"] == ""


def test_counts_and_log_probabilities_are_told() -> None:
    tokens = (TokenLogprob("hi", -0.5),)
    told = _told(Response("m", "hi", "stop", Usage(5, 3, 2, 0, 1), logprobs=tokens))
    assert told["usage"] == {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 8,
    }
    assert told["output"][0]["content"][0]["logprobs"][0]["logprob"] == -0.5


def test_errors_are_those_of_chat_completions() -> None:
    assert error_object(NotFound("x"))["error"]["code"] == "model_not_found"


def test_a_tool_of_a_group_is_called_by_its_own_name_in_its_group() -> None:
    request = Request((), tools=(Tool("agents__close", "", {}, namespace="agents"),))
    calls = (CompletedToolCall("c", "agents__close", "{}"),)
    response = Response("m", "", "tool_calls", tool_calls=calls)
    (item,) = json.loads(encode_response(response, request, "r", 5))["output"]
    assert (item["type"], item["name"], item["namespace"]) == ("function_call", "close", "agents")

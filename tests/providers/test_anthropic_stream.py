"""Events to chunks, piece by piece; the fake server's streams are tried in test_anthropic.py."""

from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.response import Finish, TextDelta, ToolCallDelta, Usage
from routerd.providers.anthropic_stream import StreamDecoder


def fed(*events: dict[str, Any]) -> list[Any]:
    decoder = StreamDecoder()
    return [chunk for event in events for chunk in decoder.feed(event)]


def start(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": block}


END = {"type": "content_block_stop", "index": 0}


def test_input_given_whole_at_the_start_is_not_lost() -> None:
    call = {"type": "tool_use", "id": "t", "name": "edit", "input": {"a": 1}}
    chunks = [ToolCallDelta(0, "t", "edit"), ToolCallDelta(0, arguments='{"a":1}')]
    assert fed(start(call), END) == chunks


def test_text_given_at_the_start_is_not_lost() -> None:
    assert fed(start({"type": "text", "text": "a"}), END) == [TextDelta("a")]


def test_kinds_of_a_later_version_are_passed_over() -> None:
    later = {"type": "server_tool_use", "id": "s", "name": "web", "input": {}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta"}}
    assert fed({"type": "new_event"}, {"type": "ping"}, start(later), delta, END) == []


def test_a_stop_without_a_reason_is_no_end() -> None:
    with pytest.raises(ProviderFailed, match="stop reason"):
        fed({"type": "message_stop"})


def test_an_unknown_reason_is_an_ordinary_end() -> None:
    delta = {"type": "message_delta", "delta": {"stop_reason": "new"}, "usage": {}}
    assert fed(delta, {"type": "message_stop"}) == [Finish("stop", Usage())]


@pytest.mark.parametrize(
    ("kind", "failure", "retryable"),
    [
        ("rate_limit_error", "overloaded", True),
        ("invalid_request_error", "rejected", False),
        ("something_new", "died", True),
    ],
)
def test_an_error_event_is_a_failure(kind: str, failure: str, retryable: bool) -> None:
    with pytest.raises(ProviderFailed) as failed:
        fed({"type": "error", "error": {"type": kind, "message": "no"}})
    assert (failed.value.kind, failed.value.retryable) == (failure, retryable)
    assert failed.value.said == "no"


def test_a_block_without_an_index_is_a_fault() -> None:
    with pytest.raises(ProviderFailed, match="index"):
        fed({"type": "content_block_stop"})

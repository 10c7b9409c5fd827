"""The old completions: a prefix and a suffix in, text out."""

import json
from typing import Any

import pytest

from routerd.core.errors import InvalidRequest
from routerd.core.request import Limits
from routerd.core.response import Finish, Native, TextDelta, ThinkingDelta, TokenLogprob, Usage
from routerd.dialects.openai_completions_door import StreamEncoder, decode_request
from routerd.dialects.sse import EventParser


def _read(**fields: Any) -> Any:
    return decode_request(json.dumps({"prompt": "a", **fields}).encode())


def _events(data: bytes) -> list[Any]:
    return [json.loads(event.data) for event in EventParser().feed(data) if event.data[:1] == b"{"]


def test_prefix_suffix_and_limits_are_read() -> None:
    request = _read(
        prompt=["x = "], suffix="\n", max_tokens=5, seed=1, stop="\n", logprobs=3, temperature=0
    )
    assert (request.messages[0].text, request.suffix, request.logprobs) == ("x = ", "\n", 3)
    assert request.limits == Limits(5, 0.0, None, 1, ("\n",))
    assert _read().suffix is None
    assert _read(suffix="").suffix == ""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": None}, "'prompt'"),
        ({"prompt": ["a", "b"]}, "one string"),
        ({"prompt": [1, 2]}, "token numbers"),
        ({"n": 2}, "'n'"),
        ({"best_of": 3}, "'best_of'"),
        ({"echo": True}, "'echo'"),
    ],
)
def test_what_can_not_be_done_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        _read(**fields)


def test_offsets_of_log_probabilities_go_on_through_a_stream() -> None:
    encoder = StreamEncoder("i", 0)
    token = TokenLogprob("ab", -0.5)
    first = _events(encoder.encode(TextDelta("ab", (token,))))
    second = _events(encoder.encode(TextDelta("ab", (token,))))
    assert first[0]["choices"][0]["logprobs"]["text_offset"] == [0]
    assert second[0]["choices"][0]["logprobs"]["text_offset"] == [2]


def test_thinking_has_no_place_but_is_a_sign_of_life() -> None:
    assert StreamEncoder("i", 0).encode(ThinkingDelta("secret")) == b": thinking\n\n"


@pytest.mark.parametrize("include", [False, True])
def test_native_events_pass_and_usage_only_where_it_was_asked_for(include: bool) -> None:
    encoder = StreamEncoder("i", 0, include, model="p/m")
    chunk = b'{"model":"m","choices":[{"text":"x","index":0,"x":1.50}]}'
    usage = b'{"model":"m","choices":[],"usage":{}}'
    assert encoder.encode(Native(chunk)) == b"data: " + chunk.replace(b'"m"', b'"p/m"') + b"\n\n"
    assert encoder.encode(TextDelta("x")) == b""
    assert bool(encoder.encode(Native(usage))) is include
    assert encoder.encode(Finish("stop", Usage(1, 1))) == b"data: [DONE]\n\n"

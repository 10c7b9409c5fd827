"""JSON lines: calls told whole, progress that adds nothing, and an end that is one."""

import json
from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.response import (
    Finish,
    Native,
    Progress,
    Response,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from routerd.dialects.ollama_answer import (
    StreamEncoder,
    encode_loaded,
    encode_response,
    error_object,
)


def _lines(data: bytes) -> list[Any]:
    return list(map(json.loads, data.splitlines()))


def test_a_call_is_told_once_it_is_whole() -> None:
    encoder = StreamEncoder("i", 0, model="m")
    assert encoder.encode(ToolCallDelta(0, "a", "f", '{"x"')) == b""
    assert encoder.encode(ToolCallDelta(0, arguments=": 1}")) == b""
    call, end = _lines(encoder.encode(Finish("tool_calls", Usage(3, 2))))
    function = {"index": 0, "name": "f", "arguments": {"x": 1}}
    assert call["message"]["tool_calls"] == [{"id": "a", "function": function}]
    assert (end["done"], end["done_reason"], end["eval_count"]) == (True, "stop", 2)


def test_progress_is_a_line_that_adds_nothing() -> None:
    (line,) = _lines(StreamEncoder("i", 0).encode(Progress("loading")))
    assert (line["message"]["content"], line["done"]) == ("", False)


@pytest.mark.parametrize(("generate", "key"), [(False, "message"), (True, "response")])
def test_both_endpoints_have_their_form(generate: bool, key: str) -> None:
    (line,) = _lines(StreamEncoder("i", 0, generate=generate).encode(TextDelta("x")))
    assert key in line
    whole = json.loads(encode_response(Response("m", "x", "stop"), "i", 0, generate=generate))
    assert key in whole
    assert whole["created_at"] == "1970-01-01T00:00:00Z"


def test_counts_that_nobody_made_are_not_told() -> None:
    whole = json.loads(encode_response(Response("m", "x", "stop"), "i", 0))
    assert "eval_count" not in whole
    assert "prompt_eval_count" not in whole


def test_log_probabilities_have_their_rows() -> None:
    tokens = (TokenLogprob("x", -0.5, (("x", -0.5),)),)
    whole = json.loads(encode_response(Response("m", "x", "stop", logprobs=tokens), "i", 0))
    (line,) = _lines(StreamEncoder("i", 0).encode(TextDelta("x", tokens)))
    told = [{"token": "x", "logprob": -0.5, "top_logprobs": [{"token": "x", "logprob": -0.5}]}]
    assert whole["logprobs"] == line["logprobs"] == told


def test_native_lines_pass_with_the_models_name_alone_put_right() -> None:
    encoder = StreamEncoder("i", 0, model="ollama/q")
    line = b'{"model":"q","eval_duration":5,"done":true}'
    assert encoder.encode(Native(line)) == line.replace(b'"q"', b'"ollama/q"') + b"\n"
    assert encoder.encode(Finish("stop")) == b""


def test_loading_and_errors_have_their_form() -> None:
    loaded = json.loads(encode_loaded("m", 0, generate=True))
    assert (loaded["response"], loaded["done_reason"]) == ("", "load")
    assert error_object(ProviderFailed("x", "died")) == {"error": "x", "src": "routerd"}

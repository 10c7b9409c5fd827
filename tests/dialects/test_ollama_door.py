"""What only Ollama's dialect says: options, formats, results without ids, loading."""

import json
from typing import Any

import pytest

from routerd.core.errors import InvalidRequest
from routerd.core.request import Message, Text, ToolCall, ToolResult
from routerd.dialects.ollama_door import decode_chat, decode_generate

HI = {"role": "user", "content": "hi"}


def _chat(**fields: Any) -> Any:
    return decode_chat(json.dumps({"messages": [HI], **fields}).encode())


def _generate(**fields: Any) -> Any:
    return decode_generate(json.dumps(fields).encode())


def test_streaming_is_the_default() -> None:
    assert _chat().wants_stream
    assert not _chat(stream=False).wants_stream


@pytest.mark.parametrize(
    ("value", "effort"), [(None, ""), (True, "medium"), (False, "none"), ("high", "high")]
)
def test_thinking_is_read(value: Any, effort: str) -> None:
    assert _chat(think=value).effort == effort


@pytest.mark.parametrize(
    ("bound", "tokens"), [(None, None), (-1, None), (-2, None), (0, None), (9, 9)]
)
def test_no_bound_is_said_in_several_ways(bound: Any, tokens: int | None) -> None:
    assert _chat(options={"num_predict": bound}).limits.max_output_tokens == tokens


def test_results_without_ids_belong_to_the_oldest_open_call_of_their_tool() -> None:
    calls = [
        {"function": {"name": name, "arguments": {"n": i}}}
        for i, name in enumerate(("read", "list", "read"))
    ]
    request = _chat(
        messages=[
            HI,
            {"role": "assistant", "content": "", "tool_calls": calls},
            {"role": "tool", "content": "second tool", "tool_name": "list"},
            {"role": "tool", "content": "first", "tool_name": "read"},
            {"role": "tool", "content": "last"},
            {"role": "tool", "content": "nobody's", "tool_name": "read"},
        ]
    )
    ids = [part.id for part in request.messages[1].parts if isinstance(part, ToolCall)]
    assert len(set(ids)) == 3
    results = [m.parts[0] for m in request.messages if m.role == "tool"]
    assert results == [
        ToolResult(ids[1], "second tool"),
        ToolResult(ids[0], "first"),
        ToolResult(ids[2], "last"),
        ToolResult("", "nobody's"),
    ]


def test_generate_is_one_turn_with_its_system_prompt() -> None:
    request = _generate(prompt="a", system="s", suffix="b")
    assert request.messages == (Message("system", (Text("s"),)), Message("user", (Text("a"),)))
    assert (request.suffix, request.dialect) == ("b", "ollama_generate")


def test_nothing_to_answer_is_a_request_to_load() -> None:
    assert _generate(model="m", system="s").messages == ()
    assert _chat(messages=[]).messages == ()


@pytest.mark.parametrize("name", ["context", "template"])
def test_what_fits_one_model_alone_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="one model alone"):
        _generate(prompt="a", **{name: [1, 2] if name == "context" else "{{ .Prompt }}"})
    assert _generate(prompt="a", context=None, template="").messages


@pytest.mark.parametrize("value", [7, [], "yaml"])
def test_a_format_of_another_kind_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="'format'"):
        _chat(format=value)


def test_a_prompt_without_a_template_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="'raw' can't be used"):
        decode_generate(b'{"model":"auto","prompt":"<s>[INST] hi","raw":true}')

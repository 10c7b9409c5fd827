from types import SimpleNamespace
from typing import Any

import pytest

from routerd.core.candidate import Candidate, Capabilities
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
from routerd.core.response import Finish, TextDelta, ThinkingDelta, ToolCallDelta, Usage
from routerd.providers.ollama_wire import decode_finish, decode_message, encode_request

LOCAL = Candidate("ollama", "qwen2.5-coder:7b")
CLOUD = Candidate("ollama", "gpt-oss:120b-cloud", zone="cloud")
SCHEMA = {"type": "object", "properties": {"path": {"anyOf": [{"type": "string"}]}}}
TOOL = Tool("edit", "Edit a file", SCHEMA)


def _body(*messages: Message, candidate: Candidate = LOCAL, **more: Any) -> dict[str, Any]:
    talk = messages or (Message("user", (Text("hello"),)),)
    return encode_request(Request(talk, **more), candidate, 8192)


def test_a_plain_question_holds_nothing_but_itself_and_the_window() -> None:
    assert _body() == {
        "model": "qwen2.5-coder:7b",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": {"num_ctx": 8192},
    }


def test_limits_go_where_ollama_has_them() -> None:
    limits = Limits(max_output_tokens=2, temperature=0.0, top_p=0.5, seed=7, stop=("a", "b"))
    assert _body(limits=limits)["options"] == {
        "num_ctx": 8192,
        "num_predict": 2,
        "temperature": 0.0,
        "top_p": 0.5,
        "seed": 7,
        "stop": ["a", "b"],
    }


def test_a_cloud_model_is_not_told_a_window() -> None:
    assert _body(candidate=CLOUD)["options"] == {}


def test_a_tools_schema_is_passed_on_as_it_is() -> None:
    function = {"name": "edit", "description": "Edit a file", "parameters": SCHEMA}
    assert _body(tools=(TOOL,))["tools"] == [{"type": "function", "function": function}]


def test_tools_that_may_not_be_called_are_not_offered() -> None:
    assert "tools" not in _body(tools=(TOOL,), tool_choice="none")


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (ResponseFormat("json_schema", "a", SCHEMA), SCHEMA),
        (ResponseFormat("json_object"), "json"),
        (ResponseFormat(), None),
    ],
)
def test_the_shape_of_the_answer_is_passed_on(wanted: ResponseFormat, sent: Any) -> None:
    assert _body(response_format=wanted).get("format") == sent


def test_images_stand_beside_the_text() -> None:
    parts = (Text("look"), Image("image/png", "QQ=="), Image("image/png", "Qg=="))
    assert _body(Message("user", parts))["messages"] == [
        {"role": "user", "content": "look", "images": ["QQ==", "Qg=="]}
    ]


def test_a_conversation_with_tools_is_told_as_ollama_tells_it() -> None:
    calls = (ToolCall("a", "edit", '{"path": "x"}'), ToolCall("b", "save", ""))
    results = (ToolResult("a", "done"), ToolResult("b", "saved"), Text("go on"))
    body = _body(
        Message("system", (Text("be brief"),)),
        Message("assistant", (Thinking("hm"), Thinking("m"), Text("I edit."), *calls)),
        Message("user", results),
        Message("tool", (ToolResult("unknown", "odd"),)),
        Message("assistant", ()),
    )
    assert body["messages"] == [
        {"role": "system", "content": "be brief"},
        {
            "role": "assistant",
            "content": "I edit.",
            "thinking": "hmm",
            "tool_calls": [
                {"id": "a", "function": {"name": "edit", "arguments": {"path": "x"}}},
                {"id": "b", "function": {"name": "save", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "done", "tool_call_id": "a", "tool_name": "edit"},
        {"role": "tool", "content": "saved", "tool_call_id": "b", "tool_name": "save"},
        {"role": "user", "content": "go on"},
        {"role": "tool", "content": "odd", "tool_call_id": "unknown", "tool_name": ""},
        {"role": "assistant", "content": ""},
    ]


def test_a_result_belongs_to_the_latest_call_of_its_id() -> None:
    body = _body(
        Message("assistant", (ToolCall("call_0", "edit", "{}"),)),
        Message("tool", (ToolResult("call_0", "1"),)),
        Message("assistant", (ToolCall("call_0", "save", "{}"),)),
        Message("tool", (ToolResult("call_0", "2"),)),
    )
    assert [m["tool_name"] for m in body["messages"] if m["role"] == "tool"] == ["edit", "save"]


@pytest.mark.parametrize("arguments", ["{", "[]", '"x"', '{"a": NaN}', "\ud800", "{} {}"])
def test_earlier_arguments_that_are_no_object_are_rejected_for_another_to_try(
    arguments: str,
) -> None:
    with pytest.raises(ProviderFailed, match="tool 'edit' has arguments") as caught:
        _body(Message("assistant", (ToolCall("a", "edit", arguments),)))
    assert (caught.value.kind, caught.value.retryable) == ("rejected", True)
    assert caught.value.status_hint == 400
    assert arguments not in caught.value.message


def _message(**fields: Any) -> Any:
    return SimpleNamespace(**({"thinking": None, "content": "", "tool_calls": None} | fields))


def _call(name: str, **arguments: Any) -> Any:
    return SimpleNamespace(function=SimpleNamespace(name=name, arguments=arguments))


def test_a_message_gives_thinking_text_and_numbered_calls_in_this_order() -> None:
    calls = [_call("edit", path="ä"), _call("save")]
    *rest, edit, save = decode_message(_message(thinking="t", content="c", tool_calls=calls), 3)
    assert rest == [ThinkingDelta("t"), TextDelta("c")]
    assert isinstance(edit, ToolCallDelta)
    assert isinstance(save, ToolCallDelta)
    assert (edit.index, edit.name, edit.arguments) == (3, "edit", '{"path":"ä"}')
    assert (save.index, save.name, save.arguments) == (4, "save", "{}")
    assert edit.id != save.id
    assert decode_message(_message(), 0) == []


@pytest.mark.parametrize(
    ("reason", "called", "expected"),
    [
        ("stop", False, "stop"),
        ("stop", True, "tool_calls"),
        ("length", False, "length"),
        # What was cut may have been another call; the client must know.
        ("length", True, "length"),
        ("load", False, "stop"),
        (None, False, "stop"),
        (None, True, "tool_calls"),
    ],
)
def test_why_the_answer_ended(reason: str | None, called: bool, expected: Any) -> None:
    part = SimpleNamespace(done_reason=reason, prompt_eval_count=5, eval_count=2)
    assert decode_finish(part, called=called) == Finish(expected, Usage(5, 2))


def test_counts_that_are_missing_are_minus_one() -> None:
    part = SimpleNamespace(done_reason="stop", prompt_eval_count=None, eval_count=None)
    assert decode_finish(part, called=False).usage == Usage(-1, -1)


def test_penalties_and_top_k_are_options() -> None:
    limits = Limits(top_k=3, presence_penalty=0.5, frequency_penalty=-0.5)
    options = _body(limits=limits)["options"]
    assert options.items() >= {"top_k": 3, "presence_penalty": 0.5}.items()
    assert options["frequency_penalty"] == -0.5


@pytest.mark.parametrize(
    ("model", "effort", "think"),
    [
        ("qwen3:8b", "high", True),
        ("qwen3:8b", "none", False),
        ("gpt-oss:20b", "high", "high"),
        ("gpt-oss:20b", "none", "low"),
    ],
)
def test_how_much_to_think_is_said_to_models_that_do(model: str, effort: Any, think: Any) -> None:
    thinker = Candidate("ollama", model, capabilities=Capabilities(thinking=True))
    assert _body(candidate=thinker, effort=effort)["think"] == think
    assert "think" not in _body(candidate=thinker)
    assert "think" not in _body(effort=effort)

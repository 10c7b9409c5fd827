"""What only the Responses API says: items, custom tools, things kept elsewhere."""

import json
from typing import Any

import pytest

from routerd.core.errors import InvalidRequest
from routerd.core.request import Image, Message, Text, Thinking, ToolCall, ToolResult
from routerd.dialects.openai_responses_door import decode_request


def _read(**fields: Any) -> Any:
    return decode_request(json.dumps({"input": "hi", **fields}).encode())


def test_what_the_model_said_in_one_turn_is_one_message() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": ""}
    custom = {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "free\ntext"}
    request = _read(
        input=[
            {"role": "user", "content": "hi"},
            {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "sealed"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "ok"}]},
            call,
            custom,
            {"type": "function_call_output", "call_id": "c", "output": "1"},
            {"type": "custom_tool_call_output", "call_id": "d", "output": "2"},
        ]
    )
    assert request.messages[1] == Message(
        "assistant",
        (
            Thinking("", "routerd:openai:r sealed", redacted=True),
            Text("ok"),
            ToolCall("c", "f", "{}"),
            ToolCall("d", "g", '{"input":"free\\ntext"}'),
        ),
    )
    assert [m.parts[0] for m in request.messages[2:]] == [
        ToolResult("c", "1"),
        ToolResult("d", "2"),
    ]


def test_images_in_results_come_after_the_result() -> None:
    url = "data:image/png;base64,AAAA"
    output = [{"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": url}]
    request = _read(input=[{"type": "function_call_output", "call_id": "c", "output": output}])
    assert request.messages == (
        Message("tool", (ToolResult("c", "seen"),)),
        Message("user", (Image("image/png", "AAAA"),)),
    )


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "background", "prompt"])
def test_what_is_kept_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="send the whole input") as caught:
        _read(**{name: "x"})
    assert caught.value.param == name
    assert _read(**{name: None}).messages


def test_an_item_that_is_only_referred_to_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="send it whole"):
        _read(input=[{"type": "item_reference", "id": "msg_resp_1"}])


@pytest.mark.parametrize("kind", ["web_search_call", "file_search_call", "computer_call"])
def test_items_of_openais_own_tools_only_it_can_read(kind: str) -> None:
    request = _read(input=[{"role": "user", "content": "hi"}, {"type": kind, "id": "x"}])
    assert request.native_only == kind


def test_tools_of_three_kinds() -> None:
    request = _read(
        tools=[
            {"type": "function", "name": "f", "parameters": {"type": "object"}},
            {"type": "custom", "name": "g"},
            {"type": "web_search"},
            {"type": "local_shell"},
        ],
        tool_choice={"type": "custom", "name": "g"},
        parallel_tool_calls=False,
    )
    assert [(tool.name, tool.custom) for tool in request.tools] == [("f", False), ("g", True)]
    assert request.left_out == ("web_search", "local_shell")
    assert (request.tool_choice, request.parallel_tools) == ("g", False)


def test_a_tool_of_openais_own_can_be_demanded_of_openai_alone() -> None:
    request = _read(tool_choice={"type": "web_search"})
    assert (request.tool_choice, request.native_only) == ("required", "web_search")


def test_a_choice_among_some_tools_leaves_the_others_out() -> None:
    tools = [{"type": "function", "name": name, "strict": name == "b"} for name in "abc"]
    allowed = [{"type": "function", "name": name} for name in "bc"]
    choice = {"type": "allowed_tools", "mode": "required", "tools": allowed}
    request = _read(tools=tools, tool_choice=choice)
    assert [(tool.name, tool.strict) for tool in request.tools] == [("b", True), ("c", False)]
    assert request.tool_choice == "required"


def test_an_image_by_its_id_is_openais_to_fetch() -> None:
    part = {"type": "input_image", "file_id": "file_1", "detail": "auto"}
    request = _read(input=[{"role": "user", "content": [part]}])
    assert request.native_only == "image by address"


def test_effort_format_and_log_probabilities_are_read() -> None:
    request = _read(
        reasoning={"effort": "high", "summary": "auto"},
        text={"format": {"type": "json_object"}},
        include=["message.output_text.logprobs"],
        top_logprobs=4,
        prompt_cache_key="conversation-1",
    )
    assert (request.effort, request.response_format.kind) == ("high", "json_object")
    assert (request.logprobs, request.session_key) == (4, "conversation-1")
    assert _read(include=["reasoning.encrypted_content"]).logprobs is None


def test_tools_in_groups_and_in_the_input_are_the_clients_as_well() -> None:
    inner = {"type": "function", "name": "close", "parameters": {"type": "object"}}
    group = {"type": "namespace", "name": "agents", "description": "x", "tools": [inner]}
    call = {"type": "function_call", "call_id": "c", "name": "close", "arguments": "{}"}
    request = _read(
        tools=[group, {"type": "function", "name": "f"}],
        input=[
            {
                "type": "additional_tools",
                "role": "developer",
                "tools": [{"type": "custom", "name": "p"}],
            },
            {"role": "user", "content": "hi"},
            {**call, "namespace": "agents"},
        ],
    )
    assert [(tool.name, tool.namespace) for tool in request.tools] == [
        ("agents__close", "agents"),
        ("f", ""),
        ("p", ""),
    ]
    assert request.messages[-1].parts == (ToolCall("c", "agents__close", "{}"),)
    assert (request.native_only, request.left_out) == ("", ())

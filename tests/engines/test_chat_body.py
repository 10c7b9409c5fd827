from typing import Any

import pytest

from routerd.engines import chat_body
from routerd.engines.bindings import Rejected

USER = {"role": "user", "content": "hi"}
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("read", "write")]


def test_contents_become_text_and_arguments_objects() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    shaped = chat_body.template_messages(
        {
            "messages": [
                {"role": "user", "content": parts},
                {"role": "assistant", "content": None, "tool_calls": [call]},
            ]
        }
    )
    assert shaped[0]["content"] == "a\nb"
    assert shaped[1]["content"] == ""
    assert shaped[1]["tool_calls"][0]["function"]["arguments"] == {"a": 1}
    assert call["function"] == {"name": "f", "arguments": '{"a": 1}'}


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        ["CANARY"],
        [{"role": 3}],
        [{"role": "user", "content": 3}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "CANARY"}}]}],
        [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{CANARY"}}]}],
    ],
)
def test_messages_without_sense_are_rejected_without_quoting_them(messages: Any) -> None:
    with pytest.raises(Rejected) as caught:
        chat_body.template_messages({"messages": messages})
    assert "CANARY" not in str(caught.value)


def test_tools_are_offered_unless_the_choice_is_none() -> None:
    assert chat_body.offered_tools({"tools": TOOLS}) == TOOLS
    assert chat_body.offered_tools({"tools": TOOLS, "tool_choice": "none"}) is None


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (None, []),
        ("auto", []),
        ("none", []),
        ("required", ["read", "write"]),
        ({"type": "function", "function": {"name": "write"}}, ["write"]),
    ],
)
def test_a_choice_forces_the_tools_it_names(choice: Any, names: list[str]) -> None:
    forced = chat_body.forced_tools({"tools": TOOLS, "tool_choice": choice})
    assert [function["name"] for function in forced] == names


def test_a_choice_of_a_tool_that_is_not_offered_is_rejected() -> None:
    with pytest.raises(Rejected, match="not offered"):
        chat_body.forced_tools({"tools": TOOLS, "tool_choice": {"function": {"name": "rm"}}})


def test_the_output_schema_comes_from_the_format_or_the_forced_tool() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string"}}}
    assert chat_body.wanted_schema({"response_format": wanted}) == {"type": "string"}
    assert chat_body.wanted_schema({"response_format": {"type": "json_object"}}) == {
        "type": "object"
    }
    assert chat_body.wanted_schema({"response_format": {"type": "text"}}) is None
    forced = chat_body.wanted_schema({"tools": TOOLS, "tool_choice": "required"})
    assert forced is not None
    names = [option["properties"]["name"]["const"] for option in forced["anyOf"]]
    assert names == ["read", "write"]
    with pytest.raises(Rejected, match="no schema"):
        chat_body.wanted_schema({"response_format": {"type": "json_schema"}})


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ({}, 100),
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 500}, 100),
        ({"max_tokens": 0}, 1),
    ],
)
def test_the_token_limit_stays_within_the_room_there_is(body: dict[str, Any], limit: int) -> None:
    assert chat_body.token_limit(body, 100) == limit


def test_settings_of_the_wrong_kind_are_rejected() -> None:
    assert chat_body.number({"top_p": 1}, "top_p", 0.5) == 1
    assert chat_body.stop_strings({"stop": "x"}) == ["x"]
    for body in ({"top_p": "1"}, {"top_p": True}):
        with pytest.raises(Rejected, match="top_p"):
            chat_body.number(body, "top_p", 0.5)
    with pytest.raises(Rejected, match="stop"):
        chat_body.stop_strings({"stop": [3]})

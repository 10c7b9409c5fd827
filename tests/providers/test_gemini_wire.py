"""Requests as generateContent takes them, and objects to chunks."""

from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.request import (
    Image,
    Limits,
    Message,
    ResponseFormat,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from routerd.core.response import Finish
from routerd.providers.gemini_wire import NOT_SIGNED, StreamDecoder, encode_request
from tests.fakes.clouds import TOOL, asking


def test_a_plain_question_is_as_short_as_can_be() -> None:
    body = encode_request(asking(), {}, thinks=False)
    assert body == {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


def test_a_tool_loop_keeps_names_ids_and_signatures() -> None:
    body = encode_request(
        asking(
            Message("system", (Text("be brief"),)),
            Message("user", (Text("look"), Image("image/png", "aGk="))),
            Message(
                "assistant",
                (
                    Thinking("hm", "routerd:gemini:abc"),
                    ToolCall("1", "edit", '{"path":"a"}'),
                    ToolCall("2", "now", ""),
                ),
            ),
            Message("tool", (ToolResult("1", "done"),)),
            Message("tool", (ToolResult("2", "no clock", is_error=True),)),
        ),
        {},
        thinks=True,
    )
    assert body["systemInstruction"] == {"parts": [{"text": "be brief"}]}
    assert body["generationConfig"] == {"thinkingConfig": {"includeThoughts": True}}
    user, model, results = body["contents"]
    assert user["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    assert model["parts"] == [
        {
            "functionCall": {"id": "1", "name": "edit", "args": {"path": "a"}},
            "thoughtSignature": "abc",
        },
        {"functionCall": {"id": "2", "name": "now", "args": {}}},
    ]
    assert [part["functionResponse"] for part in results["parts"]] == [
        {"id": "1", "name": "edit", "response": {"output": "done"}},
        {"id": "2", "name": "now", "response": {"error": "no clock"}},
    ]


def test_a_call_of_another_model_says_that_it_is_not_signed() -> None:
    talk = Message("assistant", (Thinking("x", "EqQB"), ToolCall("1", "edit", "{}")))
    (turn,) = encode_request(asking(talk), {}, thinks=False)["contents"]
    assert turn["parts"][0]["thoughtSignature"] == NOT_SIGNED


def test_a_signature_without_a_call_ends_the_turn() -> None:
    talk = Message("assistant", (Text("a"), Thinking("", "routerd:gemini:abc")))
    (turn,) = encode_request(asking(talk), {}, thinks=False)["contents"]
    assert turn["parts"] == [{"text": "a"}, {"text": "", "thoughtSignature": "abc"}]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ("edit", {"mode": "ANY", "allowedFunctionNames": ["edit"]}),
    ],
)
def test_tool_choice_has_its_words_here(choice: str, wire: dict[str, Any]) -> None:
    body = encode_request(asking(tools=(TOOL,), tool_choice=choice), {}, thinks=False)
    assert body["toolConfig"] == {"functionCallingConfig": wire}
    declared = body["tools"][0]["functionDeclarations"][0]
    assert declared["parametersJsonSchema"] == TOOL.schema


def test_limits_and_shapes_have_their_words_here() -> None:
    limits = Limits(9, 1.5, 0.9, 3, tuple("abcdefg"))
    shape = ResponseFormat("json_schema", "x", {"type": "object"})
    body = encode_request(asking(limits=limits, response_format=shape), {}, thinks=False)
    assert body["generationConfig"] == {
        "maxOutputTokens": 9,
        "temperature": 1.5,
        "topP": 0.9,
        "seed": 3,
        "stopSequences": list("abcde"),
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
    }


def test_a_broken_earlier_call_is_said_before_anything_is_sent() -> None:
    talk = Message("assistant", (ToolCall("1", "edit", "["),))
    with pytest.raises(ProviderFailed, match="tool 'edit'"):
        encode_request(asking(talk), {}, thinks=False)


def test_a_blocked_prompt_is_an_end_of_its_own() -> None:
    decoder = StreamDecoder()
    assert decoder.feed({"promptFeedback": {"blockReason": "SAFETY"}}) == []
    assert decoder.finish() == Finish("content_filter")


@pytest.mark.parametrize("odd", [{}, {"candidates": []}, {"candidates": [3]}, {"candidates": 3}])
def test_objects_without_content_add_nothing(odd: dict[str, Any]) -> None:
    assert StreamDecoder().feed(odd) == []

"""A conversation told in one client dialect, sent to a backend and read again, is the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from routerd.core.candidate import Candidate
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
from routerd.dialects import (
    anthropic_door,
    ollama_door,
    openai_chat,
    openai_chat_door,
    openai_responses_door,
)
from routerd.providers import ollama_wire

PNG = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
MESSAGES = (
    Message("system", (Text("Be brief."),)),
    Message("user", (Image("image/png", PNG), Text("what is in a.py?"))),
    Message("assistant", (Text("I look."), ToolCall("c1", "read", '{"path":"a.py"}'))),
    Message("tool", (ToolResult("c1", "print(1)"),)),
    Message(
        "assistant",
        (ToolCall("c2", "read", '{"path":"b.py"}'), ToolCall("c3", "list", "{}")),
    ),
    Message("tool", (ToolResult("c2", "no such file"),)),
    Message("tool", (ToolResult("c3", "a.py\nd.py"),)),
    Message("user", (Text("and now?"),)),
)
TOOLS = (Tool("read", "Read a file", SCHEMA), Tool("list", "", {"type": "object"}))
ASKED = Request(
    MESSAGES,
    requested_model="x",
    wants_stream=True,
    tools=TOOLS,
    tool_choice="required",
    response_format=ResponseFormat("json_schema", schema=SCHEMA),
    limits=Limits(max_output_tokens=99, temperature=0.5, top_p=0.25),
)


def _openai() -> dict[str, Any]:
    return openai_chat.encode_request(ASKED, "x", stream=True)


def _anthropic() -> dict[str, Any]:
    image = {"type": "base64", "media_type": "image/png", "data": PNG}
    use = {"type": "tool_use"}
    result = {"type": "tool_result"}
    return {
        "model": "x",
        "max_tokens": 99,
        "temperature": 0.5,
        "top_p": 0.25,
        "stream": True,
        "system": "Be brief.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": image},
                    {"type": "text", "text": "what is in a.py?"},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {**use, "id": "c1", "name": "read", "input": {"path": "a.py"}},
                ],
            },
            {"role": "user", "content": [{**result, "tool_use_id": "c1", "content": "print(1)"}]},
            {
                "role": "assistant",
                "content": [
                    {**use, "id": "c2", "name": "read", "input": {"path": "b.py"}},
                    {**use, "id": "c3", "name": "list", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {**result, "tool_use_id": "c2", "content": "no such file"},
                    {
                        **result,
                        "tool_use_id": "c3",
                        "content": [
                            {"type": "text", "text": "a.py"},
                            {"type": "text", "text": "d.py"},
                        ],
                    },
                    {"type": "text", "text": "and now?"},
                ],
            },
        ],
        "tools": [
            {"name": "read", "description": "Read a file", "input_schema": SCHEMA},
            {"name": "list", "input_schema": {"type": "object"}},
        ],
        "tool_choice": {"type": "any"},
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }


def _responses() -> dict[str, Any]:
    call = {"type": "function_call"}
    output = {"type": "function_call_output"}
    url = f"data:image/png;base64,{PNG}"
    return {
        "model": "x",
        "stream": True,
        "instructions": "Be brief.",
        "max_output_tokens": 99,
        "temperature": 0.5,
        "top_p": 0.25,
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": url},
                    {"type": "input_text", "text": "what is in a.py?"},
                ],
            },
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "I look."}],
            },
            {**call, "call_id": "c1", "name": "read", "arguments": '{"path":"a.py"}'},
            {**output, "call_id": "c1", "output": "print(1)"},
            {**call, "call_id": "c2", "name": "read", "arguments": '{"path":"b.py"}'},
            {**call, "call_id": "c3", "name": "list", "arguments": "{}"},
            {**output, "call_id": "c2", "output": "no such file"},
            {**output, "call_id": "c3", "output": [{"type": "input_text", "text": "a.py\nd.py"}]},
            {"role": "user", "content": "and now?"},
        ],
        "tools": [
            {
                "type": "function",
                "name": "read",
                "description": "Read a file",
                "parameters": SCHEMA,
            },
            {"type": "function", "name": "list"},
        ],
        "tool_choice": "required",
        "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}},
    }


def _ollama() -> dict[str, Any]:
    return ollama_wire.encode_request(ASKED, Candidate("o", "x"), 4096)


CLIENTS: dict[str, tuple[Callable[[bytes], Request], Callable[[], dict[str, Any]]]] = {
    "openai": (openai_chat_door.decode_request, _openai),
    "anthropic": (anthropic_door.decode_request, _anthropic),
    "openai_responses": (openai_responses_door.decode_request, _responses),
    "ollama": (ollama_door.decode_chat, _ollama),
}


def _told(request: Request) -> Request:
    """Leave out what tells nothing of the conversation."""
    return replace(request, raw=b"", dialect="openai", wants_usage=True)


def _asked(name: str) -> Request:
    # Ollama has no way to say that a tool must be called.
    return replace(ASKED, tool_choice="") if name == "ollama" else ASKED


@pytest.mark.parametrize("name", CLIENTS)
def test_each_dialect_reads_the_same_conversation(name: str) -> None:
    decode, wire = CLIENTS[name]
    body = json.dumps(wire()).encode()
    request = decode(body)
    assert (request.raw, request.dialect) == (body, name)
    assert _told(request) == _asked(name)


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_sent_to_an_openai_backend_says_all_of_it(name: str) -> None:
    decode, wire = CLIENTS[name]
    request = decode(json.dumps(wire()).encode())
    sent = openai_chat.encode_request(request, "x", stream=True)
    assert _told(openai_chat_door.decode_request(json.dumps(sent).encode())) == _asked(name)


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_sent_to_ollama_says_all_of_it(name: str) -> None:
    decode, wire = CLIENTS[name]
    request = decode(json.dumps(wire()).encode())
    sent = ollama_wire.encode_request(request, Candidate("o", "x"), 4096)
    wanted = replace(_asked(name), tool_choice="")
    assert _told(ollama_door.decode_chat(json.dumps(sent).encode())) == wanted


@pytest.mark.parametrize("name", ["anthropic", "openai_responses", "ollama"])
def test_earlier_thinking_is_read_where_the_dialect_can_say_it(name: str) -> None:
    decode, wire = CLIENTS[name]
    body = wire()
    if name == "anthropic":
        thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
        body["messages"][1]["content"].insert(0, thought)
    elif name == "openai_responses":
        summary = [{"type": "summary_text", "text": "hm"}]
        item = {"type": "reasoning", "id": "r", "summary": summary, "encrypted_content": "s"}
        body["input"].insert(1, item)
    else:
        body["messages"][2]["thinking"] = "hm"
    request = decode(json.dumps(body).encode())
    assistant = next(m for m in request.messages if m.role == "assistant")
    # OpenAI's own is marked as such, so that nobody else is shown it.
    signature = {"ollama": "", "openai_responses": "routerd:openai:r s"}.get(name, "s")
    assert assistant.parts[0] == Thinking("hm", signature)

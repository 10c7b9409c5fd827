"""OpenAI chat completions towards a client: decode its request.

Source: OpenAI API reference, "Chat Completions"; errors as in "Error codes".
"""

from collections.abc import Mapping
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import (
    Image,
    Limits,
    Message,
    Part,
    Request,
    ResponseFormat,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from routerd.dialects import strict_json
from routerd.dialects.fields import (
    MAX_TOKENS,
    data_url,
    effort,
    integer,
    metadata_session,
    number,
    optional,
    strings,
)
from routerd.dialects.openai_chat_answer import StreamEncoder, encode_response, error_object

# The door has two halves; who opens it needs to know one name.
__all__ = ["StreamEncoder", "decode_request", "encode_response", "error_object"]

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def decode_request(body: bytes) -> Request:
    """Return the request a client wrote. Raises: InvalidRequest naming the field at fault."""
    obj = strict_json.request_object(body)
    messages = obj.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest("'messages' must be a non-empty array.", "messages")
    count = optional(obj, "n", int)
    if count not in (None, 1):
        raise InvalidRequest("'n' must be 1: routerd gives one answer per request.", "n")
    stream_options = optional(obj, "stream_options", dict) or {}
    usage_key = "stream_options.include_usage"
    return Request(
        messages=tuple(_message(item, f"messages[{i}]") for i, item in enumerate(messages)),
        requested_model=optional(obj, "model", str) or "auto",
        wants_stream=bool(optional(obj, "stream", bool)),
        wants_usage=bool(optional(stream_options, "include_usage", bool, usage_key)),
        tools=_tools(obj),
        tool_choice=_tool_choice(obj.get("tool_choice")),
        response_format=_response_format(obj.get("response_format")),
        limits=_limits(obj),
        raw=body,
        effort=effort(optional(obj, "reasoning_effort", str)),
        parallel_tools=optional(obj, "parallel_tool_calls", bool) is not False,
        logprobs=(integer(obj, "top_logprobs", 0, 20) or 0)
        if optional(obj, "logprobs", bool)
        else None,
        session_key=metadata_session(obj),
    )


def _limits(obj: Mapping[str, Any]) -> Limits:
    # LM Studio's and llama.cpp's clients write -1 for no bound.
    old_tokens = None if obj.get("max_tokens") == -1 else integer(obj, "max_tokens", 1, MAX_TOKENS)
    tokens = integer(obj, "max_completion_tokens", 1, MAX_TOKENS)
    return Limits(
        max_output_tokens=tokens or old_tokens,
        temperature=number(obj, "temperature", 0, 2),
        top_p=number(obj, "top_p", 0, 1),
        seed=integer(obj, "seed", -(2**63), 2**63 - 1),
        stop=strings(obj, "stop"),
        presence_penalty=number(obj, "presence_penalty", -2, 2),
        frequency_penalty=number(obj, "frequency_penalty", -2, 2),
    )


def _message(item: Any, where: str) -> Message:
    if not isinstance(item, dict):
        raise InvalidRequest(f"'{where}' must be an object.", where)
    role = _ROLES.get(str(item.get("role")))
    if role is None:
        names = ", ".join(_ROLES)
        raise InvalidRequest(f"'{where}.role' must be one of {names}.", f"{where}.role")
    parts = _parts(item.get("content"), f"{where}.content")
    if role == "tool":
        call_id = optional(item, "tool_call_id", str, f"{where}.tool_call_id") or ""
        text = "\n".join(part.text for part in parts if isinstance(part, Text))
        return Message("tool", (ToolResult(call_id, text),))
    calls = optional(item, "tool_calls", list, f"{where}.tool_calls") or []
    parts += [_call(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(calls)]
    if not parts and role == "user":
        raise InvalidRequest(f"'{where}.content' is missing.", f"{where}.content")
    return Message(role, tuple(parts))


def _parts(content: Any, where: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)]
    if not isinstance(content, list):
        raise InvalidRequest(f"'{where}' must be a string or an array of parts.", where)
    return [_part(part, f"{where}[{i}]") for i, part in enumerate(content)]


def _part(part: Any, where: str) -> Part:
    if not isinstance(part, dict):
        raise InvalidRequest(f"'{where}' must be an object.", where)
    kind = part.get("type")
    text = part.get("text") if kind in ("text", "input_text", "output_text") else None
    if kind == "refusal":
        text = part.get("refusal")
    if isinstance(text, str):
        return Text(text)
    if kind in ("image_url", "input_image"):
        return _image(part.get("image_url"), where)
    raise InvalidRequest(
        f"'{where}.type' must be text or image_url, with its value.", f"{where}.type"
    )


def _image(value: Any, where: str) -> Image:
    url = value.get("url") if isinstance(value, dict) else value
    return data_url(url, f"{where}.image_url")


def _call(call: Any, where: str) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise InvalidRequest(f"'{where}.function.name' is missing.", f"{where}.function.name")
    arguments = optional(function, "arguments", str, f"{where}.function.arguments")
    return ToolCall(str(call.get("id") or ""), function["name"], arguments or "{}")


def _tools(obj: Mapping[str, Any]) -> tuple[Tool, ...]:
    tools = []
    for i, item in enumerate(optional(obj, "tools", list) or []):
        where = f"tools[{i}]"
        function = item.get("function") if isinstance(item, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise InvalidRequest(f"'{where}.function.name' is missing.", f"{where}.function.name")
        schema = optional(function, "parameters", dict, f"{where}.function.parameters")
        description = optional(function, "description", str, f"{where}.function.description")
        tools.append(Tool(function["name"], description or "", schema or {"type": "object"}))
    return tuple(tools)


def _tool_choice(value: Any) -> str:
    if value is None or value in ("auto", "none", "required"):
        return value or ""
    function = value.get("function") if isinstance(value, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return str(function["name"])
    raise InvalidRequest(
        "'tool_choice' must be auto, none, required or name a function.", "tool_choice"
    )


def _response_format(value: Any) -> ResponseFormat:
    if value is None:
        return ResponseFormat()
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "text" or kind == "json_object":
        return ResponseFormat(kind)
    spec = value.get("json_schema") if kind == "json_schema" else None
    if isinstance(spec, dict) and isinstance(spec.get("schema"), dict):
        return ResponseFormat("json_schema", str(spec.get("name") or "answer"), spec["schema"])
    raise InvalidRequest(
        "'response_format.type' must be text, json_object or json_schema (with its schema).",
        "response_format",
    )

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
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from routerd.dialects import strict_json
from routerd.dialects.fields import (
    MAX_TOKENS,
    data_url,
    each,
    effort,
    integer,
    metadata_session,
    number,
    optional,
    strings,
    text,
)
from routerd.dialects.openai_chat_answer import StreamEncoder, encode_response, error_object
from routerd.dialects.openai_tools import CUSTOM_SCHEMA, chosen_tool, only_allowed

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
    reader = _Messages(obj)
    return Request(
        messages=tuple(reader.message(m, f"messages[{i}]") for i, m in enumerate(messages)),
        requested_model=optional(obj, "model", str) or "auto",
        wants_stream=bool(optional(obj, "stream", bool)),
        wants_usage=bool(optional(stream_options, "include_usage", bool, usage_key)),
        tools=_tools(obj),
        tool_choice=chosen_tool(obj.get("tool_choice"), reader.native_only),
        response_format=_response_format(obj.get("response_format")),
        limits=_limits(obj),
        raw=body,
        effort=effort(optional(obj, "reasoning_effort", str)),
        parallel_tools=optional(obj, "parallel_tool_calls", bool) is not False,
        logprobs=(integer(obj, "top_logprobs", 0, 20) or 0)
        if optional(obj, "logprobs", bool)
        else None,
        session_key=metadata_session(obj),
        # The model's own search, an offer as those of the other dialects are.
        left_out=("web_search",) if isinstance(obj.get("web_search_options"), dict) else (),
        native_only=", ".join(sorted(reader.native_only)),
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


class _Messages:
    """Reads messages; `native_only` collects what no other dialect can say."""

    def __init__(self, obj: Mapping[str, Any]) -> None:
        wants = obj.get("modalities")
        speaks = isinstance(wants, list) and "audio" in wants
        self.native_only = {"audio"} if speaks else set()
        # The form of 2023; its answers have one of their own, too.
        self.native_only |= {name for name in ("functions", "function_call") if obj.get(name)}

    def message(self, item: Any, where: str) -> Message:
        """Return the turn in one wire message. Raises: InvalidRequest."""
        if not isinstance(item, dict):
            raise InvalidRequest(f"'{where}' must be an object.", where)
        role = _ROLES.get(str(item.get("role")))
        if role is None:
            names = ", ".join(_ROLES)
            raise InvalidRequest(f"'{where}.role' must be one of {names}.", f"{where}.role")
        parts = self._parts(item.get("content"), f"{where}.content")
        if role == "tool":
            call_id = optional(item, "tool_call_id", str, f"{where}.tool_call_id") or ""
            text = "\n".join(part.text for part in parts if isinstance(part, Text))
            images = (part for part in parts if isinstance(part, Image))
            return Message("tool", (ToolResult(call_id, text), *images))
        calls = optional(item, "tool_calls", list, f"{where}.tool_calls") or []
        parts += [_call(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(calls)]
        if role == "assistant":
            parts = [*_thinking(item), *parts]
            self.native_only |= {name for name in ("audio", "function_call") if item.get(name)}
        if not parts and role == "user" and not self.native_only:
            raise InvalidRequest(f"'{where}.content' is missing.", f"{where}.content")
        return Message(role, tuple(parts))

    def _parts(self, content: Any, where: str) -> list[Part]:
        if content is None:
            return []
        if isinstance(content, str):
            return [Text(content)]
        if not isinstance(content, list):
            raise InvalidRequest(f"'{where}' must be a string or an array of parts.", where)
        read = (self._part(part, f"{where}[{i}]") for i, part in enumerate(content))
        return [part for part in read if part is not None]

    def _part(self, part: Any, where: str) -> Part | None:
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
        if kind in ("input_audio", "file"):
            self.native_only.add(kind)
            return None
        raise InvalidRequest(
            f"'{where}.type' must be text, image_url, input_audio or file, with its value.",
            f"{where}.type",
        )


def _thinking(item: Mapping[str, Any]) -> list[Part]:
    """Return the reasoning that a client passes back, under either of its names."""
    told = item.get("reasoning_content") or item.get("reasoning")
    return [Thinking(told)] if isinstance(told, str) else []


def _image(value: Any, where: str) -> Image:
    url = value.get("url") if isinstance(value, dict) else value
    return data_url(url, f"{where}.image_url")


def _call(call: Any, where: str) -> ToolCall:
    if isinstance(call, dict) and call.get("type") == "custom":
        custom = optional(call, "custom", dict, f"{where}.custom") or {}
        given = strict_json.dumps({"input": text(custom, "input", f"{where}.custom.input")})
        name = text(custom, "name", f"{where}.custom.name")
        return ToolCall(str(call.get("id") or ""), name, given.decode())
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise InvalidRequest(f"'{where}.function.name' is missing.", f"{where}.function.name")
    arguments = optional(function, "arguments", str, f"{where}.function.arguments")
    return ToolCall(str(call.get("id") or ""), function["name"], arguments or "{}")


def _tools(obj: Mapping[str, Any]) -> tuple[Tool, ...]:
    tools = []
    for where, item in each(obj, "tools"):
        custom = item.get("type") == "custom"
        key = "custom" if custom else "function"
        spec = optional(item, key, dict, f"{where}.{key}") or {}
        name = text(spec, "name", f"{where}.{key}.name")
        schema = optional(spec, "parameters", dict, f"{where}.{key}.parameters")
        description = optional(spec, "description", str, f"{where}.{key}.description") or ""
        strict = bool(optional(spec, "strict", bool, f"{where}.{key}.strict"))
        schema = CUSTOM_SCHEMA if custom else schema or {"type": "object"}
        tools.append(Tool(name, description, schema, custom, strict=strict))
    return only_allowed(tuple(tools), obj.get("tool_choice"))


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

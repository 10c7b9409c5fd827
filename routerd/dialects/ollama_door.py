"""Ollama's chat and generate towards a client: decode its requests.

Source: Ollama's docs/api.md, "Generate a chat completion" and "Generate a completion".
"""

import itertools
from collections.abc import Mapping
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import (
    Dialect,
    Effort,
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
    bare_image,
    each,
    effort,
    integer,
    number,
    optional,
    strings,
    text,
)

_ROLES: dict[str, Role] = {
    "system": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


def decode_chat(body: bytes) -> Request:
    """Return the request of /api/chat. Raises: InvalidRequest naming the field at fault.

    Without messages it only asks to load the model; the request then has none either.
    """
    obj = strict_json.request_object(body)
    reader = _Messages()
    turns = [turn for where, item in each(obj, "messages") for turn in reader.turns(item, where)]
    return _request(obj, body, "ollama", tuple(turns), _tools(obj))


def decode_generate(body: bytes) -> Request:
    """Return the request of /api/generate. Raises: InvalidRequest naming the field at fault.

    Without a prompt it only asks to load the model; the request then has no messages.
    """
    obj = strict_json.request_object(body)
    for name in ("context", "template", "raw"):
        if obj.get(name):
            raise InvalidRequest(
                f"'{name}' can't be used: it fits one model alone, and routerd chooses among many; "
                "/api/chat takes the whole conversation.",
                name,
            )
    system, prompt = optional(obj, "system", str), optional(obj, "prompt", str)
    suffix = optional(obj, "suffix", str)
    images = [
        bare_image(d, f"images[{i}]") for i, d in enumerate(optional(obj, "images", list) or [])
    ]
    turns = [Message("system", (Text(system),))] if system else []
    if prompt or images or suffix:
        turns.append(Message("user", (*images, Text(prompt or ""))))
    else:
        turns = []
    return _request(obj, body, "ollama_generate", tuple(turns), (), suffix or None)


def _request(
    obj: Mapping[str, Any],
    body: bytes,
    dialect: Dialect,
    turns: tuple[Message, ...],
    tools: tuple[Tool, ...],
    suffix: str | None = None,
) -> Request:
    wants_logprobs = optional(obj, "logprobs", bool)
    return Request(
        messages=turns,
        dialect=dialect,
        requested_model=optional(obj, "model", str) or "auto",
        # Streaming is this dialect's default.
        wants_stream=optional(obj, "stream", bool) is not False,
        tools=tools,
        response_format=_format(obj.get("format")),
        limits=_limits(optional(obj, "options", dict) or {}),
        raw=body,
        effort=_think(obj.get("think")),
        suffix=suffix,
        logprobs=(integer(obj, "top_logprobs", 0, 20) or 0) if wants_logprobs else None,
    )


def _limits(options: Mapping[str, Any]) -> Limits:
    def name(key: str) -> str:
        return f"options.{key}"

    # -1 is no bound, -2 fills the context; 0 would be no answer at all.
    bound = integer(options, "num_predict", -2, MAX_TOKENS, name("num_predict"))
    return Limits(
        max_output_tokens=bound if bound and bound > 0 else None,
        temperature=number(options, "temperature", 0, 2, name("temperature")),
        top_p=number(options, "top_p", 0, 1, name("top_p")),
        seed=integer(options, "seed", -(2**63), 2**63 - 1, name("seed")),
        stop=strings(options, "stop", name("stop")),
        top_k=integer(options, "top_k", 0, MAX_TOKENS, name("top_k")),
        presence_penalty=number(options, "presence_penalty", -2, 2, name("presence_penalty")),
        frequency_penalty=number(options, "frequency_penalty", -2, 2, name("frequency_penalty")),
    )


def _think(value: Any) -> Effort:
    if isinstance(value, bool):
        return "medium" if value else "none"
    if value is None or isinstance(value, str):
        return effort(value)
    raise InvalidRequest("'think' must be a boolean or low, medium or high.", "think")


def _format(value: Any) -> ResponseFormat:
    if value is None or value == "":
        return ResponseFormat()
    if value == "json":
        return ResponseFormat("json_object")
    if isinstance(value, dict):
        return ResponseFormat("json_schema", schema=value)
    raise InvalidRequest("'format' must be json or a JSON schema.", "format")


class _Messages:
    """Reads messages. Calls need no ids here: a result belongs to the oldest open call."""

    def __init__(self) -> None:
        self._count = itertools.count()
        self._open: list[tuple[str, str]] = []

    def turns(self, item: dict[str, Any], where: str) -> list[Message]:
        """Return the turn in one wire message. Raises: InvalidRequest."""
        role = _ROLES.get(str(item.get("role")))
        if role is None:
            names = ", ".join(_ROLES)
            raise InvalidRequest(f"'{where}.role' must be one of {names}.", f"{where}.role")
        content = optional(item, "content", str, f"{where}.content") or ""
        given = optional(item, "images", list, f"{where}.images") or []
        images = tuple(bare_image(d, f"{where}.images[{i}]") for i, d in enumerate(given))
        if role == "tool":
            result = Message("tool", (ToolResult(self._answered(item), content),))
            return [result, Message("user", images)] if images else [result]
        parts: list[Part] = []
        thought = optional(item, "thinking", str, f"{where}.thinking")
        if thought:
            parts.append(Thinking(thought))
        parts += images
        if content or role == "user":
            parts.append(Text(content))
        parts += [self._call(*call) for call in each(item, "tool_calls", f"{where}.tool_calls")]
        return [Message(role, tuple(parts))]

    def _answered(self, item: Mapping[str, Any]) -> str:
        """Return the id of the call that a result is for."""
        told, name = item.get("tool_call_id"), item.get("tool_name") or item.get("name")
        wanted = [
            call
            for call in self._open
            if (told and call[0] == told) or (not told and name in (None, call[1]))
        ]
        if not wanted:
            return str(told or "")
        self._open.remove(wanted[0])
        return wanted[0][0]

    def _call(self, where: str, item: dict[str, Any]) -> ToolCall:
        function = optional(item, "function", dict, f"{where}.function") or {}
        name = text(function, "name", f"{where}.function.name")
        given = optional(function, "arguments", dict, f"{where}.function.arguments") or {}
        identity = str(item.get("id") or f"call_{next(self._count)}")
        self._open.append((identity, name))
        return ToolCall(identity, name, strict_json.dumps(given).decode())


def _tools(obj: Mapping[str, Any]) -> tuple[Tool, ...]:
    tools = []
    for where, item in each(obj, "tools"):
        function = optional(item, "function", dict, f"{where}.function") or {}
        schema = optional(function, "parameters", dict, f"{where}.function.parameters")
        description = optional(function, "description", str, f"{where}.function.description")
        name = text(function, "name", f"{where}.function.name")
        tools.append(Tool(name, description or "", schema or {"type": "object"}))
    return tuple(tools)

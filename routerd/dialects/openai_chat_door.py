"""OpenAI chat completions towards a client: decode its request, encode the answer.

Source: OpenAI API reference, "Chat Completions"; errors as in "Error codes".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from routerd.core.errors import InvalidRequest, NotFound, RouterdError
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
from routerd.core.response import (
    Chunk,
    Finish,
    Progress,
    Response,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import sse, strict_json

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
# Engines keep these in 32 bits.
_MAX_TOKENS = 2**31 - 1


def decode_request(body: bytes) -> Request:
    """Return the request a client wrote. Raises: InvalidRequest naming the field at fault."""
    obj = strict_json.request_object(body)
    messages = obj.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest("'messages' must be a non-empty array.", "messages")
    count = _optional(obj, "n", int)
    if count not in (None, 1):
        raise InvalidRequest("'n' must be 1: routerd gives one answer per request.", "n")
    stream_options = _optional(obj, "stream_options", dict) or {}
    usage_key = "stream_options.include_usage"
    return Request(
        messages=tuple(_message(item, f"messages[{i}]") for i, item in enumerate(messages)),
        requested_model=_optional(obj, "model", str) or "auto",
        wants_stream=bool(_optional(obj, "stream", bool)),
        wants_usage=bool(_optional(stream_options, "include_usage", bool, usage_key)),
        tools=_tools(obj),
        tool_choice=_tool_choice(obj.get("tool_choice")),
        response_format=_response_format(obj.get("response_format")),
        limits=_limits(obj),
        raw=body,
    )


def _optional(obj: Mapping[str, Any], key: str, kind: type, name: str = "") -> Any:
    """Return obj[key] when it is of that kind, None when absent or null."""
    value = obj.get(key)
    if value is None:
        return None
    # bool is an int in Python, not in JSON.
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    kinds = {str: "a string", int: "an integer", bool: "a boolean", dict: "an object"}
    wanted = kinds.get(kind, "an array")
    raise InvalidRequest(f"'{name or key}' must be {wanted}.", name or key)


def _integer(obj: Mapping[str, Any], key: str, low: int, high: int) -> int | None:
    value = _optional(obj, key, int)
    if value is not None and not low <= value <= high:
        raise InvalidRequest(f"'{key}' must be from {low} to {high}.", key)
    return None if value is None else int(value)


def _number(obj: Mapping[str, Any], key: str, low: float, high: float) -> float | None:
    value = obj.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidRequest(f"'{key}' must be a number from {low:g} to {high:g}.", key)
    return float(value)


def _limits(obj: Mapping[str, Any]) -> Limits:
    # LM Studio's and llama.cpp's clients write -1 for no bound.
    old_tokens = (
        None if obj.get("max_tokens") == -1 else _integer(obj, "max_tokens", 1, _MAX_TOKENS)
    )
    tokens = _integer(obj, "max_completion_tokens", 1, _MAX_TOKENS)
    stop = obj.get("stop")
    stops = [stop] if isinstance(stop, str) else [] if stop is None else stop
    if not isinstance(stops, list) or not all(isinstance(item, str) for item in stops):
        raise InvalidRequest("'stop' must be a string or an array of strings.", "stop")
    return Limits(
        max_output_tokens=tokens or old_tokens,
        temperature=_number(obj, "temperature", 0, 2),
        top_p=_number(obj, "top_p", 0, 1),
        seed=_integer(obj, "seed", -(2**63), 2**63 - 1),
        stop=tuple(stops),
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
        call_id = _optional(item, "tool_call_id", str, f"{where}.tool_call_id") or ""
        text = "\n".join(part.text for part in parts if isinstance(part, Text))
        return Message("tool", (ToolResult(call_id, text),))
    calls = _optional(item, "tool_calls", list, f"{where}.tool_calls") or []
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
    # A remote image is never fetched: a request must not choose where routerd connects.
    head, _, data = url.partition(",") if isinstance(url, str) else ("", "", "")
    if not (head.startswith("data:image/") and head.endswith(";base64") and data):
        raise InvalidRequest(
            f"'{where}.image_url' must be a data:image/...;base64 URL; "
            "routerd does not fetch images from addresses.",
            f"{where}.image_url",
        )
    return Image(head.removeprefix("data:").partition(";")[0], data)


def _call(call: Any, where: str) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise InvalidRequest(f"'{where}.function.name' is missing.", f"{where}.function.name")
    arguments = _optional(function, "arguments", str, f"{where}.function.arguments")
    return ToolCall(str(call.get("id") or ""), function["name"], arguments or "{}")


def _tools(obj: Mapping[str, Any]) -> tuple[Tool, ...]:
    tools = []
    for i, item in enumerate(_optional(obj, "tools", list) or []):
        where = f"tools[{i}]"
        function = item.get("function") if isinstance(item, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise InvalidRequest(f"'{where}.function.name' is missing.", f"{where}.function.name")
        schema = _optional(function, "parameters", dict, f"{where}.function.parameters")
        description = _optional(function, "description", str, f"{where}.function.description")
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


def _usage(usage: Usage) -> dict[str, Any]:
    """Counts the engine didn't give are 0 on the wire: clients add them up."""
    given, made = max(usage.input_tokens, 0), max(usage.output_tokens, 0)
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def encode_response(response: Response, identity: str, created: int) -> bytes:
    """Return the body of a whole answer. `created` is Unix seconds."""
    message: dict[str, Any] = {"role": "assistant", "content": response.text or None}
    if response.thinking:
        message["reasoning_content"] = response.thinking
    if response.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id or f"call_{i}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for i, call in enumerate(response.tool_calls)
        ]
    elif not response.text:
        message["content"] = ""
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": response.finish}
    return strict_json.dumps(
        {
            "id": identity,
            "object": "chat.completion",
            "created": created,
            "model": response.model,
            "choices": [choice],
            "usage": _usage(response.usage),
        }
    )


@dataclass(slots=True)
class StreamEncoder:
    """Encodes the chunks of one answer as server-sent events."""

    identity: str
    created: int
    include_usage: bool = False
    model: str = ""
    _began: bool = False
    _called: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)

    def encode(self, chunk: Chunk) -> bytes:
        """Return the events for one chunk."""
        if isinstance(chunk, Progress):
            return sse.comment(chunk.message)
        if isinstance(chunk, Finish):
            return self._finish(chunk)
        delta = self._delta(chunk)
        if not self._began:
            self._began = True
            delta = {"role": "assistant", **delta}
        return self._event([{"index": 0, "delta": delta, "finish_reason": None}])

    def _delta(self, chunk: TextDelta | ThinkingDelta | ToolCallDelta) -> dict[str, Any]:
        if isinstance(chunk, TextDelta):
            return {"content": chunk.text}
        if isinstance(chunk, ThinkingDelta):
            return {"reasoning_content": chunk.text}
        return {"tool_calls": [self._call(chunk)]}

    def _call(self, chunk: ToolCallDelta) -> dict[str, Any]:
        """Return one call's delta; id and name go out once, for clients join what repeats."""
        item: dict[str, Any] = {"index": chunk.index}
        function: dict[str, Any] = {}
        if chunk.index not in self._called:
            self._called.add(chunk.index)
            item |= {"id": chunk.id or f"call_{chunk.index}", "type": "function"}
        if chunk.name and chunk.index not in self._named:
            self._named.add(chunk.index)
            function["name"] = chunk.name
        return {**item, "function": {**function, "arguments": chunk.arguments}}

    def _finish(self, chunk: Finish) -> bytes:
        delta: dict[str, Any] = {} if self._began else {"role": "assistant", "content": ""}
        out = self._event([{"index": 0, "delta": delta, "finish_reason": chunk.reason}])
        if self.include_usage:
            out += self._event([], {"usage": _usage(chunk.usage)})
        return out + sse.encode(b"[DONE]")

    def _event(self, choices: list[dict[str, Any]], more: Mapping[str, Any] | None = None) -> bytes:
        body = {
            "id": self.identity,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            **(more or {}),
        }
        return sse.encode(strict_json.dumps(body))

    def error(self, error: RouterdError) -> bytes:
        """Return the event that says the answer broke off; no terminal event follows it."""
        return sse.encode(strict_json.dumps(error_object(error)))


def error_object(error: RouterdError) -> dict[str, Any]:
    """Return the error body; `src` tells that routerd itself speaks."""
    status = error.status_hint
    kind = "invalid_request_error" if status in (400, 404, 413) else "routerd_error"
    code = "model_not_found" if isinstance(error, NotFound) else None
    return {
        "error": {
            "message": error.message,
            "type": kind,
            "param": getattr(error, "param", None),
            "code": code,
            "src": "routerd",
        }
    }

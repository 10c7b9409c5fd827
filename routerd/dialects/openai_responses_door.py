"""OpenAI responses towards a client: decode its request. routerd keeps no conversations.

Source: OpenAI API reference, "Responses"; the SDK's types for the items.
"""

import re
from collections.abc import Mapping
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import (
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
from routerd.dialects import signatures, strict_json
from routerd.dialects.fields import (
    MAX_TOKENS,
    data_url,
    each,
    effort,
    integer,
    metadata_session,
    number,
    optional,
    text,
)
from routerd.dialects.openai_responses_answer import encode_response, error_object
from routerd.dialects.openai_responses_events import StreamEncoder
from routerd.dialects.openai_tools import CUSTOM_SCHEMA, chosen_tool, only_allowed

__all__ = ["StreamEncoder", "decode_request", "encode_response", "error_object"]

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
# Ids of items that this dialect's door gave out.
_OWN_ITEM = re.compile(r"[a-z]+_resp_")
_TEXTS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")
_KEPT_ELSEWHERE = ("previous_response_id", "conversation", "background", "prompt")


def decode_request(body: bytes) -> Request:
    """Return the request a client wrote. Raises: InvalidRequest naming the field at fault."""
    obj = strict_json.request_object(body)
    for name in _KEPT_ELSEWHERE:
        if obj.get(name):
            raise InvalidRequest(
                f"'{name}' can't be used: routerd keeps no conversations and no answers; "
                "send the whole input.",
                name,
            )
    tools, left_out = _tools(obj)
    reader = _Items()
    instructions = optional(obj, "instructions", str)
    given = (Message("system", (Text(instructions),)),) if instructions else ()
    reasoning = optional(obj, "reasoning", dict) or {}
    wants_logprobs = "message.output_text.logprobs" in (optional(obj, "include", list) or [])
    return Request(
        messages=(*given, *reader.read(obj)),
        dialect="openai_responses",
        requested_model=optional(obj, "model", str) or "auto",
        wants_stream=bool(optional(obj, "stream", bool)),
        tools=tools,
        tool_choice=chosen_tool(obj.get("tool_choice"), reader.native_only),
        response_format=_response_format(obj),
        limits=Limits(
            max_output_tokens=integer(obj, "max_output_tokens", 1, MAX_TOKENS),
            temperature=number(obj, "temperature", 0, 2),
            top_p=number(obj, "top_p", 0, 1),
        ),
        raw=body,
        effort=effort(optional(reasoning, "effort", str, "reasoning.effort")),
        parallel_tools=optional(obj, "parallel_tool_calls", bool) is not False,
        session_key=metadata_session(obj),
        logprobs=(integer(obj, "top_logprobs", 0, 20) or 0) if wants_logprobs else None,
        left_out=left_out,
        native_only=", ".join(sorted(reader.native_only)),
    )


class _Items:
    """Reads input items; what the model said in one turn becomes one message again."""

    def __init__(self) -> None:
        self.native_only: set[str] = set()
        self._messages: list[Message] = []

    def read(self, obj: Mapping[str, Any]) -> list[Message]:
        """Return the turns. Raises: InvalidRequest."""
        told = obj.get("input")
        if isinstance(told, str):
            return [Message("user", (Text(told),))]
        items = each(obj, "input")
        if not items:
            raise InvalidRequest("'input' must be a string or a non-empty array.", "input")
        for where, item in items:
            self._item(item, where)
        return self._messages

    def _item(self, item: dict[str, Any], where: str) -> None:
        match item.get("type", "message"):
            case "message":
                self._message(item, where)
            case "function_call" | "custom_tool_call":
                self._say(_call(item, where))
            case "function_call_output" | "custom_tool_call_output":
                self._result(item, where)
            case "reasoning":
                self._reasoning(item, where)
            case "additional_tools":
                return  # read with the tools
            case "item_reference" if _OWN_ITEM.match(str(item.get("id"))):
                raise InvalidRequest(
                    f"'{where}' refers to an answer that routerd does not have any more; "
                    "send it whole.",
                    where,
                )
            case str() as kind:
                # Of references too: OpenAI may have kept what it answered itself.
                self.native_only.add(kind[:40])
            case _:
                raise InvalidRequest(f"'{where}.type' must be a string.", f"{where}.type")

    def _say(self, *parts: Part) -> None:
        if self._messages and self._messages[-1].role == "assistant":
            parts = (*self._messages.pop().parts, *parts)
        self._messages.append(Message("assistant", parts))

    def _message(self, item: dict[str, Any], where: str) -> None:
        role = _ROLES.get(str(item.get("role")))
        if role is None:
            names = ", ".join(_ROLES)
            raise InvalidRequest(f"'{where}.role' must be one of {names}.", f"{where}.role")
        parts = self._parts(item, "content", f"{where}.content")
        if role == "assistant":
            self._say(*parts)
        else:
            self._messages.append(Message(role, tuple(parts)))

    def _parts(self, item: dict[str, Any], key: str, where: str) -> list[Part]:
        content = item.get(key)
        if isinstance(content, str):
            return [Text(content)]
        if not isinstance(content, list):
            raise InvalidRequest(f"'{where}' must be a string or an array of parts.", where)
        found = (self._part(part, at) for at, part in each(item, key, where))
        return [part for part in found if part is not None]

    def _part(self, part: dict[str, Any], at: str) -> Part | None:
        kind = part.get("type")
        if kind in _TEXTS:
            return Text(text(part, "text", f"{at}.text"))
        if kind == "refusal":
            return Text(text(part, "refusal", f"{at}.refusal"))
        if kind in ("input_image", "image_url"):
            return self._image(part, at)
        if not isinstance(kind, str):
            raise InvalidRequest(f"'{at}.type' is missing.", f"{at}.type")
        self.native_only.add(kind[:40])
        return None

    def _image(self, part: dict[str, Any], at: str) -> Part | None:
        """Return an image that is here; one by address or id only OpenAI itself can fetch."""
        told = part.get("image_url")
        url = told.get("url") if isinstance(told, dict) else told
        if part.get("file_id") or (isinstance(url, str) and url.startswith("https://")):
            self.native_only.add("image by address")
            return None
        return data_url(url, f"{at}.image_url")

    def _result(self, item: dict[str, Any], where: str) -> None:
        parts = self._parts(item, "output", f"{where}.output")
        told = "\n".join(part.text for part in parts if isinstance(part, Text))
        result = ToolResult(text(item, "call_id", f"{where}.call_id"), told)
        self._messages.append(Message("tool", (result,)))
        if images := tuple(part for part in parts if not isinstance(part, Text)):
            self._messages.append(Message("user", images))

    def _reasoning(self, item: dict[str, Any], where: str) -> None:
        told = [
            text(part, "text", f"{at}.text")
            for key in ("summary", "content")
            for at, part in each(item, key, f"{where}.{key}")
        ]
        sealed = optional(item, "encrypted_content", str, f"{where}.encrypted_content") or ""
        if sealed and signatures.is_unmarked(sealed):
            # OpenAI's own, from an answer that was passed on: nobody else may be shown it.
            sealed = signatures.sealed(signatures.OPENAI, f"{item.get('id') or ''} {sealed}")
        if told or sealed:
            self._say(Thinking("\n".join(told), sealed, redacted=not told))


def _call(item: Mapping[str, Any], where: str) -> ToolCall:
    group = optional(item, "namespace", str, f"{where}.namespace") or ""
    name = in_group(group, text(item, "name", f"{where}.name"))
    call_id = text(item, "call_id", f"{where}.call_id")
    if item.get("type") == "custom_tool_call":
        given = text(item, "input", f"{where}.input")
        return ToolCall(call_id, name, strict_json.dumps({"input": given}).decode())
    return ToolCall(call_id, name, text(item, "arguments", f"{where}.arguments") or "{}")


def _tools(obj: Mapping[str, Any]) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """Return the client's tools, and the kinds of those that only OpenAI's servers run.

    Newer clients send some of them as an item of the input.
    """
    told = each(obj, "tools")
    if isinstance(obj.get("input"), list):
        for where, item in each(obj, "input"):
            if item.get("type") == "additional_tools":
                told += each(item, "tools", f"{where}.tools")
    tools: list[Tool] = []
    left_out: list[str] = []
    for where, item in told:
        if item.get("type") == "namespace":
            group = text(item, "name", f"{where}.name")
            for at, inner in each(item, "tools", f"{where}.tools"):
                _declare(inner, at, group, tools, left_out)
        else:
            _declare(item, where, "", tools, left_out)
    return only_allowed(tuple(tools), obj.get("tool_choice")), tuple(left_out)


def _declare(
    item: dict[str, Any], where: str, group: str, tools: list[Tool], left_out: list[str]
) -> None:
    kind = item.get("type")
    if kind not in ("function", "custom"):
        left_out.append(str(kind)[:40])
        return
    # Some clients of chat completions send this body with the nested form of that dialect.
    nested = item.get("function")
    spec = nested if isinstance(nested, dict) else item
    name = in_group(group, text(spec, "name", f"{where}.name"))
    description = optional(spec, "description", str, f"{where}.description") or ""
    schema = optional(spec, "parameters", dict, f"{where}.parameters") or {"type": "object"}
    custom = kind == "custom"
    schema = CUSTOM_SCHEMA if custom else schema
    strict = bool(optional(spec, "strict", bool, f"{where}.strict"))
    tools.append(Tool(name, description, schema, custom, group, strict))


def in_group(group: str, name: str) -> str:
    """Return the name that models see of a tool in a group."""
    return f"{group}__{name}" if group else name


def _response_format(obj: Mapping[str, Any]) -> ResponseFormat:
    config = optional(obj, "text", dict) or {}
    wanted = optional(config, "format", dict, "text.format") or {}
    kind = wanted.get("type", "text")
    if kind == "text" or kind == "json_object":
        return ResponseFormat(kind)
    schema = wanted.get("schema")
    if kind == "json_schema" and isinstance(schema, dict):
        return ResponseFormat("json_schema", str(wanted.get("name") or "answer"), schema)
    raise InvalidRequest(
        "'text.format.type' must be text, json_object or json_schema (with its schema).",
        "text.format",
    )

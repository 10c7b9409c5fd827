"""Anthropic messages towards a client: decode its request.

Source: Anthropic API reference, "Messages" and "Count tokens"; the SDK's types for the blocks.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import (
    Effort,
    Image,
    Limits,
    Message,
    Part,
    Request,
    ResponseFormat,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from routerd.dialects import anthropic_session, billing, strict_json
from routerd.dialects.anthropic_answer import StreamEncoder, encode_response, error_object
from routerd.dialects.fields import (
    MAX_TOKENS,
    each,
    effort,
    integer,
    number,
    optional,
    strings,
    text,
)

__all__ = ["StreamEncoder", "decode_request", "encode_response", "error_object"]

# A thinking budget as the other dialects say it, in tokens up to which.
_LOW, _MEDIUM = 4_096, 16_384
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def decode_request(body: bytes) -> Request:
    """Return the request a client wrote. Raises: InvalidRequest naming the field at fault."""
    obj = strict_json.request_object(body)
    told = each(obj, "messages")
    if not told:
        raise InvalidRequest("'messages' must be a non-empty array.", "messages")
    tools, left_out = _tools(obj)
    reader = _Blocks()
    system = _system(obj.get("system"))
    turns = [turn for where, item in told for turn in reader.turns(item, where)]
    choice = optional(obj, "tool_choice", dict) or {}
    wanted = _tool_choice(choice, left_out, reader.native_only)
    return Request(
        messages=(*system, *turns),
        dialect="anthropic",
        requested_model=optional(obj, "model", str) or "auto",
        wants_stream=bool(optional(obj, "stream", bool)),
        tools=tools,
        tool_choice=wanted,
        response_format=_response_format(obj),
        limits=Limits(
            max_output_tokens=integer(obj, "max_tokens", 1, MAX_TOKENS),
            temperature=number(obj, "temperature", 0, 1),
            top_p=number(obj, "top_p", 0, 1),
            stop=strings(obj, "stop_sequences"),
            top_k=integer(obj, "top_k", 0, MAX_TOKENS),
        ),
        raw=body,
        effort=_effort(obj),
        parallel_tools=choice.get("disable_parallel_tool_use") is not True,
        session_key=anthropic_session.key(obj.get("metadata")),
        left_out=left_out,
        native_only=", ".join(sorted(reader.native_only)),
    )


def _system(value: Any) -> tuple[Message, ...]:
    if isinstance(value, str):
        blocks = [value]
    else:
        blocks = [text(item, "text", f"{w}.text") for w, item in each({"system": value}, "system")]
    kept = [clean for block in blocks if (clean := billing.without(block))]
    return (Message("system", tuple(Text(block) for block in kept)),) if kept else ()


class _Blocks:
    """Reads content blocks; `native_only` collects the kinds no other dialect can say."""

    def __init__(self) -> None:
        self.native_only: set[str] = set()

    def turns(self, item: dict[str, Any], where: str) -> Iterator[Message]:
        """Yield the turns in one wire message: each tool result is a turn of its own."""
        role = item.get("role")
        if role not in ("user", "assistant", "system"):
            raise InvalidRequest(f"'{where}.role' must be user or assistant.", f"{where}.role")
        content = item.get("content")
        if isinstance(content, str):
            yield Message(role, (Text(content),))
            return
        if not isinstance(content, list):
            told = f"{where}.content"
            raise InvalidRequest(f"'{told}' must be a string or an array of blocks.", told)
        results: list[ToolResult] = []
        images: list[Part] = []
        rest: list[Part] = []
        for at, block in each(item, "content", f"{where}.content"):
            if block.get("type") == "tool_result":
                results.append(self._result(block, at, images))
            else:
                rest += self._part(block, at)
        for result in results:
            yield Message("tool", (result,))
        if images or rest or not results:
            yield Message(role, (*images, *rest))

    def _part(self, block: dict[str, Any], at: str) -> list[Part]:
        match block.get("type"):
            case "text":
                return [Text(text(block, "text", f"{at}.text"))]
            case "image":
                return self._image(block, at)
            case "thinking":
                signature = optional(block, "signature", str, f"{at}.signature") or ""
                return [Thinking(text(block, "thinking", f"{at}.thinking"), signature)]
            case "redacted_thinking":
                return [Thinking("", text(block, "data", f"{at}.data"), redacted=True)]
            case "tool_use":
                return [self._call(block, at)]
            case str() as kind:
                return self._other(kind, block)
        raise InvalidRequest(f"'{at}.type' is missing.", f"{at}.type")

    def _other(self, kind: str, block: dict[str, Any]) -> list[Part]:
        """Return a plain-text document as text; what else there is, only Anthropic can read.

        So is a document that is to be cited: no other model names the places.
        """
        source, cited = block.get("source"), block.get("citations")
        cites = isinstance(cited, dict) and cited.get("enabled") is True
        told = source if isinstance(source, dict) else {}
        if kind == "document" and told.get("type") == "text" and not cites:
            about = (block.get("title"), block.get("context"), told.get("data"))
            return [Text("\n".join(text for text in about if isinstance(text, str) and text))]
        self.native_only.add(kind[:40])
        return []

    def _image(self, block: dict[str, Any], at: str) -> list[Part]:
        """Return an image that is here; one by address or id only Anthropic itself can fetch."""
        source = optional(block, "source", dict, f"{at}.source") or {}
        if source.get("type") in ("url", "file"):
            self.native_only.add("image by address")
            return []
        data = source.get("data")
        if source.get("type") != "base64" or not isinstance(data, str) or not data:
            raise InvalidRequest(f"'{at}.source' must be base64, url or file.", f"{at}.source")
        return [Image(text(source, "media_type", f"{at}.source.media_type"), data)]

    def _call(self, block: dict[str, Any], at: str) -> ToolCall:
        arguments = optional(block, "input", dict, f"{at}.input") or {}
        name = text(block, "name", f"{at}.name")
        return ToolCall(text(block, "id", f"{at}.id"), name, strict_json.dumps(arguments).decode())

    def _result(self, block: dict[str, Any], at: str, images: list[Part]) -> ToolResult:
        content = block.get("content")
        told = [content] if isinstance(content, str) else []
        if isinstance(content, list):
            for where, part in each(block, "content", f"{at}.content"):
                for read in self._part(part, where):
                    if isinstance(read, Text):
                        told.append(read.text)
                    else:
                        images.append(read)
        elif content is not None and not told:
            raise InvalidRequest(
                f"'{at}.content' must be a string or an array of blocks.", f"{at}.content"
            )
        is_error = bool(optional(block, "is_error", bool, f"{at}.is_error"))
        call_id = text(block, "tool_use_id", f"{at}.tool_use_id")
        return ToolResult(call_id, "\n".join(told), is_error)


def _tools(obj: Mapping[str, Any]) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """Return the client's tools, and the names of those that only Anthropic's servers run."""
    tools, left_out = [], []
    for where, item in each(obj, "tools"):
        name = text(item, "name", f"{where}.name")
        if item.get("type") not in (None, "custom"):
            left_out.append(name)
            continue
        schema = optional(item, "input_schema", dict, f"{where}.input_schema")
        description = optional(item, "description", str, f"{where}.description")
        strict = bool(optional(item, "strict", bool, f"{where}.strict"))
        schema = schema or {"type": "object"}
        tools.append(Tool(name, description or "", schema, strict=strict))
    # Servers that Anthropic's would connect to, for their tools.
    left_out += [text(item, "name", f"{where}.name") for where, item in each(obj, "mcp_servers")]
    return tuple(tools), tuple(left_out)


def _tool_choice(
    choice: Mapping[str, Any], left_out: tuple[str, ...], native_only: set[str]
) -> str:
    kind = choice.get("type")
    if kind is None:
        return ""
    if kind == "tool":
        name = text(choice, "name", "tool_choice.name")
        if name in left_out:
            native_only.add(name[:40])
        return name
    if isinstance(kind, str) and kind in _CHOICES:
        return _CHOICES[kind]
    raise InvalidRequest("'tool_choice.type' must be auto, any, none or tool.", "tool_choice")


def _response_format(obj: Mapping[str, Any]) -> ResponseFormat:
    """Return the demanded shape; betas before November 2025 wrote it at the top."""
    config = optional(obj, "output_config", dict) or {}
    name = "output_config.format"
    wanted = optional(config, "format", dict, name) or optional(obj, "output_format", dict)
    if wanted is None:
        return ResponseFormat()
    schema = wanted.get("schema")
    if wanted.get("type") != "json_schema" or not isinstance(schema, dict):
        raise InvalidRequest(f"'{name}' must be of type json_schema, with its schema.", name)
    return ResponseFormat("json_schema", schema=schema)


def _effort(obj: Mapping[str, Any]) -> Effort:
    config = optional(obj, "output_config", dict) or {}
    thinking = optional(obj, "thinking", dict) or {}
    told = effort(optional(config, "effort", str, "output_config.effort"))
    match thinking.get("type"):
        case "enabled":
            budget = integer(thinking, "budget_tokens", 1, MAX_TOKENS, "thinking.budget_tokens")
            return told or _by_budget(budget or _MEDIUM)
        case "adaptive":
            return told or "medium"
        case "disabled":
            return "none"
        case _:
            # Effort alone governs how much is written, not whether there is thinking to show.
            return ""


def _by_budget(tokens: int) -> Effort:
    return "low" if tokens <= _LOW else "medium" if tokens <= _MEDIUM else "high"

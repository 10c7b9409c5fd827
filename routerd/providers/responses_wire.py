"""OpenAI's Responses format towards the backend, both ways; knows no connection.

Source: OpenAI API reference, "Responses" and its streaming events; "Reasoning models" (with
`store` off the reasoning goes back encrypted, and each piece stands before what it led to).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.outcome import FailureKind
from routerd.core.request import (
    Image,
    Message,
    Part,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from routerd.core.response import (
    Chunk,
    Finish,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import passthrough, strict_json, strict_schemas
from routerd.dialects.openai_responses_answer import OWN_REASONING
from routerd.dialects.signatures import MARK, OPENAI, opened, sealed

VENDOR = OPENAI
_ERRORS: Mapping[str, FailureKind] = {
    "rate_limit_exceeded": "overloaded",
    "server_error": "died",
    "insufficient_quota": "overloaded",
}


def encode_request(request: Request, model: str, *, stream: bool, reasons: bool) -> dict[str, Any]:
    """Return the body."""
    body: dict[str, Any] = {
        "model": model,
        "input": [item for message in request.messages for item in _items(message)],
        "stream": stream,
        # Nothing of the conversation stays with them; the reasoning comes back to us instead.
        "store": False,
    }
    if reasons:
        body["include"] = ["reasoning.encrypted_content"]
        if request.effort:
            body["reasoning"] = {"effort": request.effort}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.schema),
                "strict": tool.strict,
            }
            for tool in request.tools
        ]
        body["tool_choice"] = _tool_choice(request.tool_choice)
        if not request.parallel_tools:
            body["parallel_tool_calls"] = False
    body.update(_limits(request, reasons=reasons))
    return body


def passed_on(raw: bytes, model: str, *, stream: bool, reasons: bool) -> bytes:
    """Return the body of a client that speaks this dialect.

    Only the model is changed, reasoning that others made or that routerd has marked, and what a
    model that `reasons` would refuse.
    """
    told = strict_json.request_object(raw)
    made = passthrough.asked(told, model, stream=stream)
    items = told.get("input")
    if isinstance(items, list):
        readable = [kept for item in items if (kept := _readable(item)) is not None]
        made["input"] = items if readable == items else readable
    if reasons:
        made = {name: value for name, value in made.items() if name not in ("temperature", "top_p")}
    return passthrough.edited(raw, passthrough.differences(told, made))


def _readable(item: Any) -> Any:
    """Return an input item as OpenAI can read it, None for reasoning that it did not make."""
    if not isinstance(item, Mapping) or item.get("type") != "reasoning":
        return item
    encrypted = item.get("encrypted_content")
    if not isinstance(encrypted, str) or not encrypted:
        return None if str(item.get("id")).startswith(OWN_REASONING) else item
    if not encrypted.startswith(MARK):
        return item
    identity, _, content = opened(VENDOR, encrypted).partition(" ")
    return {**item, "id": identity, "encrypted_content": content} if content else None


def _tool_choice(choice: str) -> Any:
    if choice in ("", "auto", "none", "required"):
        return choice or "auto"
    return {"type": "function", "name": choice}


def _limits(request: Request, *, reasons: bool) -> dict[str, Any]:
    limits, shape = request.limits, request.response_format
    wanted: dict[str, Any] | None = None
    if shape.kind == "json_object":
        wanted = {"type": "json_object"}
    elif shape.kind == "json_schema":
        schema = dict(shape.schema or {})
        wanted = {"type": "json_schema", "name": shape.name, "schema": schema}
        wanted["strict"] = strict_schemas.fits(schema)
    fields: dict[str, Any] = {
        "max_output_tokens": limits.max_output_tokens,
        # Reasoning models refuse them.
        "temperature": None if reasons else limits.temperature,
        "top_p": None if reasons else limits.top_p,
        "text": {"format": wanted} if wanted else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _items(message: Message) -> Iterable[dict[str, Any]]:
    """Yield input items; reasoning is sent only right before what it led to."""
    reasoning: dict[str, Any] | None = None
    content: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, Thinking):
            reasoning = _reasoning(part) or reasoning
            continue
        item = _item(part)
        if item is None:
            content.append(_content(part, message.role))
            continue
        if content:
            yield from _said(message, content, reasoning)
            content, reasoning = [], None
        if reasoning and item["type"] == "function_call":
            yield reasoning
            reasoning = None
        yield item
    if content:
        yield from _said(message, content, reasoning)


def _said(
    message: Message, content: list[dict[str, Any]], reasoning: dict[str, Any] | None
) -> Iterable[dict[str, Any]]:
    if reasoning and message.role == "assistant":
        yield reasoning
    role = "user" if message.role == "tool" else message.role
    yield {"type": "message", "role": role, "content": content}


def _item(part: Part) -> dict[str, Any] | None:
    """Return a part that is an item of its own, None for what is content of a message."""
    match part:
        case ToolCall(id=call, name=name, arguments=text):
            said = {"call_id": call, "name": name, "arguments": text or "{}"}
            return {"type": "function_call", **said}
        case ToolResult(call_id=call, text=text):
            return {"type": "function_call_output", "call_id": call, "output": text}
        case _:
            return None


def _content(part: Part, role: str) -> dict[str, Any]:
    if isinstance(part, Image):
        url = f"data:{part.media_type};base64,{part.data}"
        return {"type": "input_image", "image_url": url, "detail": "auto"}
    text = part.text if isinstance(part, Text) else ""
    return {"type": "output_text" if role == "assistant" else "input_text", "text": text}


def _reasoning(part: Thinking) -> dict[str, Any] | None:
    identity, _, encrypted = opened(VENDOR, part.signature).partition(" ")
    if not encrypted:
        return None
    told = {"id": identity, "summary": [], "encrypted_content": encrypted}
    return {"type": "reasoning", **told}


class ResponsesDecoder:
    """Decodes the events of one answer, or a whole one."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        self._begun: set[int] = set()
        self._spoke = False

    def feed(self, event: Mapping[str, Any]) -> list[Chunk]:
        """Return what one event adds, Finish at the end. Raises: ProviderFailed."""
        kind = str(event.get("type"))
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            self._spoke = True
            return [TextDelta(str(event.get("delta") or ""))]
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            return [ThinkingDelta(str(event.get("delta") or ""))]
        if kind == "response.function_call_arguments.delta":
            return self._arguments(_place(event), str(event.get("delta") or ""))
        if kind in ("response.output_item.added", "response.output_item.done"):
            return self._item(_place(event), _mapping(event.get("item")), kind.endswith("done"))
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            return [self._end(_mapping(event.get("response")))]
        if kind == "error":
            raise _failure(_mapping(event.get("error")) or event)
        return []

    def whole(self, response: Mapping[str, Any]) -> list[Chunk]:
        """Return all of an answer that was not streamed. Raises: ProviderFailed."""
        chunks: list[Chunk] = []
        output = response.get("output")
        for place, item in enumerate(output if isinstance(output, list) else ()):
            told = _mapping(item)
            chunks += _texts(told)
            if told.get("type") == "function_call":
                chunks += self._item(place, told, done=False)
            chunks += self._item(place, told, done=True)
        return [*chunks, self._end(response)]

    def _item(self, place: int, item: Mapping[str, Any], done: bool) -> list[Chunk]:
        kind = item.get("type")
        if kind == "reasoning" and done and item.get("encrypted_content"):
            signature = f"{item.get('id')} {item['encrypted_content']}"
            return [ThinkingDelta("", sealed(VENDOR, signature))]
        if kind != "function_call":
            return []
        if done:
            # Arguments that came in one piece, at the end.
            rest = "" if place in self._begun else str(item.get("arguments") or "{}")
            return self._arguments(place, rest)
        index = self._calls[place] = len(self._calls)
        identity = str(item.get("call_id") or item.get("id") or "")
        return [ToolCallDelta(index, identity, str(item.get("name") or ""))]

    def _arguments(self, place: int, text: str) -> list[Chunk]:
        if place not in self._calls:
            raise ProviderFailed("the backend went on with a call it had not begun", "protocol")
        if not text:
            return []
        self._begun.add(place)
        return [ToolCallDelta(self._calls[place], arguments=text)]

    def _end(self, response: Mapping[str, Any]) -> Finish:
        status = response.get("status")
        if status in ("failed", "cancelled"):
            raise _failure(_mapping(response.get("error")))
        reason: FinishReason = "tool_calls" if self._calls else "stop"
        if status == "incomplete":
            why = _mapping(response.get("incomplete_details")).get("reason")
            reason = "content_filter" if why == "content_filter" else "length"
        elif status != "completed":
            raise ProviderFailed("the backend ended without saying that it was done", "died")
        return Finish(reason, _usage(_mapping(response.get("usage"))))


def _texts(item: Mapping[str, Any]) -> list[Chunk]:
    """Return the text of a whole message, or the summary of whole reasoning."""
    chunks: list[Chunk] = []
    for part in item.get("content") or ():
        text = _mapping(part).get("text") or _mapping(part).get("refusal")
        if item.get("type") == "message" and text:
            chunks.append(TextDelta(str(text)))
    for part in item.get("summary") or ():
        if text := _mapping(part).get("text"):
            chunks.append(ThinkingDelta(str(text)))
    return chunks


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _place(event: Mapping[str, Any]) -> int:
    place = event.get("output_index")
    if not isinstance(place, int):
        raise ProviderFailed("the backend sent an item without its index", "protocol")
    return place


def _failure(error: Mapping[str, Any]) -> ProviderFailed:
    code = str(error.get("code") or "")
    said = " ".join(str(error.get("message") or "").split())[:300]
    return ProviderFailed("the backend failed", _ERRORS.get(code, "died"), said=said)


def _usage(told: Mapping[str, Any]) -> Usage:
    def count(values: Mapping[str, Any], name: str, otherwise: int) -> int:
        value = values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else otherwise

    cached = count(_mapping(told.get("input_tokens_details")), "cached_tokens", 0)
    thought = count(_mapping(told.get("output_tokens_details")), "reasoning_tokens", 0)
    made = count(told, "output_tokens", -1)
    return Usage(count(told, "input_tokens", -1), made, cached, reasoning_tokens=thought)

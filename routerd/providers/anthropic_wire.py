"""Anthropic's Messages format towards the backend, both ways; knows no connection.

Source: Anthropic API reference (version 2026-10-21), "Messages" and "Streaming messages"; "Prompt caching" (at most
four breakpoints, tools before system before messages); "Extended thinking" (blocks go back as
they came).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.request import (
    Image,
    Message,
    Part,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from routerd.dialects import passthrough, strict_json
from routerd.dialects.signatures import is_unmarked

CACHED = {"type": "ephemeral"}
JSON_ONLY = "Answer with one JSON object and nothing else."
_BAD_IN_ID = re.compile(r"[^A-Za-z0-9_-]")


def encode_request(
    request: Request, model: str, max_tokens: int, *, adapts: bool = False
) -> dict[str, Any]:
    """Return the body; `max_tokens` stands in where the client sets no bound.

    `adapts`: the model thinks as much as it finds fit, and can be told how much.
    """
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": request.limits.max_output_tokens or max_tokens,
        "messages": _messages(request.messages),
        "stream": True,
    }
    if system := _system(request):
        body["system"] = system
    if request.tools and request.tool_choice != "none":
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = _tool_choice(request)
    if request.response_format.kind == "json_schema":
        schema = closed(request.response_format.schema or {"type": "object"})
        body["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    if adapts and request.effort in ("low", "medium", "high"):
        body["thinking"] = {"type": "adaptive"}
        body.setdefault("output_config", {})["effort"] = request.effort
    if stop := [text for text in request.limits.stop if text.strip()]:
        body["stop_sequences"] = stop
    # No temperature, no top_p: the API refuses them since version 2026-10-21, even at defaults.
    if request.tools or len(body["messages"]) > 2:
        _mark_for_cache(body)
    return body


def passed_on(raw: bytes, model: str, max_tokens: int, *, stream: bool, most: int) -> bytes:
    """Return the body of a client that speaks this dialect, cache breakpoints and all.

    Only the model is changed, thinking that another vendor signed, and a bound of the answer that
    is missing (`max_tokens`) or more than the model can do (`most`, 0 for unknown).
    """
    told = strict_json.request_object(raw)
    made = passthrough.asked(told, model, stream=stream)
    kept = without_foreign_thinking(told.get("messages"))
    if kept != told.get("messages"):
        made["messages"] = kept
    bound = told.get("max_tokens")
    if bound is None:
        made["max_tokens"] = max_tokens
    elif most and bound > most:
        made["max_tokens"] = most
        thinking = told.get("thinking") or {}
        budget = thinking.get("budget_tokens")
        if isinstance(budget, int) and budget >= most:
            # It has to be less than the bound, and leave room for the answer.
            made["thinking"] = {**thinking, "budget_tokens": max(most // 2, 1024)}
    return passthrough.edited(raw, passthrough.differences(told, made))


def without_foreign_thinking(messages: Any) -> Any:
    """Return wire messages without thinking that Anthropic did not sign; it would be refused."""
    if not isinstance(messages, list):
        return messages
    kept = []
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, list):
            blocks = [block for block in content if not _is_foreign(block)]
            kept.append({**message, "content": blocks} if len(blocks) < len(content) else message)
        else:
            kept.append(message)
    return kept


def _is_foreign(block: Any) -> bool:
    kind = block.get("type") if isinstance(block, Mapping) else None
    field = {"thinking": "signature", "redacted_thinking": "data"}.get(str(kind))
    return field is not None and not is_unmarked(str(block.get(field) or ""))


def _system(request: Request) -> list[dict[str, Any]]:
    texts = [message.text for message in request.messages if message.role == "system"]
    if request.response_format.kind == "json_object":
        texts.append(JSON_ONLY)
    return [{"type": "text", "text": text} for text in texts if text]


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return turns that alternate: what follows on the same side is one turn here."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        # A tool's results stand before anything else the user says.
        parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
        blocks = [block for part in parts if (block := _block(part)) is not None]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    if turns and turns[-1]["role"] == "assistant":
        _trim_prefill(turns[-1]["content"])
    return turns


def _trim_prefill(blocks: list[dict[str, Any]]) -> None:
    """An answer begun by the client must not end in white space."""
    if blocks[-1]["type"] == "text":
        blocks[-1]["text"] = blocks[-1]["text"].rstrip() or "…"


def _block(part: Part) -> dict[str, Any] | None:
    """Return one content block; None for what can't be shown (empty text is refused)."""
    match part:
        case Text(text=text):
            return {"type": "text", "text": text} if text.strip() else None
        case Image(media_type=kind, data=data):
            return {
                "type": "image",
                "source": {"type": "base64", "media_type": kind, "data": data},
            }
        case Thinking():
            return _thinking(part)
        case ToolCall():
            return {
                "type": "tool_use",
                "id": _identity(part.id),
                "name": part.name,
                "input": _arguments(part),
            }
        case ToolResult(call_id=call, text=text, is_error=failed):
            told = {"type": "tool_result", "tool_use_id": _identity(call), "content": text}
            return {**told, "is_error": True} if failed else told


def _thinking(part: Thinking) -> dict[str, Any] | None:
    if not is_unmarked(part.signature):
        return None
    if part.redacted:
        return {"type": "redacted_thinking", "data": part.signature}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _identity(call: str) -> str:
    return _BAD_IN_ID.sub("_", call) or "call"


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        found = strict_json.loads(call.arguments or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderFailed(
            f"an earlier call of tool '{call.name[:60]}' has arguments that are no JSON object, "
            "which Anthropic can't take",
            "rejected",
            status=400,
        )
    return found


def _tool(tool: Tool) -> dict[str, Any]:
    schema = {"type": "object", **tool.schema}
    told = {"name": tool.name, "description": tool.description, "input_schema": schema}
    return {**told, "strict": True} if tool.strict else told


def _tool_choice(request: Request) -> dict[str, Any]:
    choice = request.tool_choice
    single: dict[str, Any] = {} if request.parallel_tools else {"disable_parallel_tool_use": True}
    if choice in ("", "auto", "required"):
        return {"type": "any" if choice == "required" else "auto", **single}
    return {"type": "tool", "name": choice, **single}


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON schema whose objects allow nothing unnamed, as structured outputs demand."""

    def walk(value: Any) -> Any:
        if isinstance(value, Mapping):
            inner = {key: walk(item) for key, item in value.items()}
            if inner.get("type") == "object" and "properties" in inner:
                inner.setdefault("additionalProperties", False)
            return inner
        return [walk(item) for item in value] if isinstance(value, list) else value

    found: dict[str, Any] = walk(schema)
    return found


def _mark_for_cache(body: dict[str, Any]) -> None:
    """Set breakpoints where the next turn begins to differ: tools, system, the last turn.

    An agent sends the same head again and again; read from the cache it costs a tenth.
    """
    ends = [body.get("tools"), body.get("system")]
    if body["messages"]:
        ends.append(body["messages"][-1]["content"])
    for blocks in ends:
        if blocks and blocks[-1].get("type") not in ("thinking", "redacted_thinking"):
            blocks[-1] = {**blocks[-1], "cache_control": CACHED}

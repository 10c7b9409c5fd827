"""Ollama's native chat format, both ways; knows no connection.

Source: Ollama's docs/api.md, "Generate a chat completion".
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from routerd.core.candidate import Candidate
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
from routerd.core.response import (
    Chunk,
    Finish,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import passthrough, strict_json


def passed_on(request: Request, candidate: Candidate, window: int) -> bytes:
    """Return the body of a client that speaks this dialect.

    Only the model is changed, the window, what would cut a prompt in silence, and a wish to think
    that the model would refuse.
    """
    told = strict_json.request_object(request.raw)
    changes: dict[str, Any] = {"model": candidate.model, "truncate": False, "shift": False}
    if told.get("think") is not None:
        thinks = candidate.capabilities.thinking
        changes["think"] = _think(request, candidate.model) if thinks else passthrough.REMOVED
    options = {"num_ctx": window} if candidate.zone != "cloud" else {}
    if options and not isinstance(told.get("options"), dict):
        changes["options"] = options
    kept = {name: value for name, value in changes.items() if told.get(name) != value}
    body = passthrough.edited(request.raw, kept)
    return passthrough.with_inner(body, "options", options) if options else body


def encode_request(request: Request, candidate: Candidate, window: int) -> dict[str, Any]:
    """Return the body of /api/chat: what the client set and the window; the rest stays default."""
    body: dict[str, Any] = {
        "model": candidate.model,
        "messages": list(_messages(request.messages)),
        "stream": True,
        # What does not fit is an error here, never cut off in silence.
        "truncate": False,
        "shift": False,
        "options": _options(request, window if candidate.zone != "cloud" else None),
    }
    if request.tools and request.tool_choice != "none":
        body["tools"] = [_tool(tool) for tool in request.tools]
    if (wanted := _format(request)) is not None:
        body["format"] = wanted
    if request.effort and candidate.capabilities.thinking:
        body["think"] = _think(request, candidate.model)
    return body


def _think(request: Request, model: str) -> bool | str:
    """Return how much to think; gpt-oss takes a level and nothing else, all others yes or no."""
    if "gpt-oss" not in model.lower():
        return request.effort != "none"
    return "low" if request.effort in ("none", "minimal") else request.effort


def encode_fill(request: Request, model: str, window: int) -> dict[str, Any]:
    """Return the body of /api/generate that fills the gap after the request's one text."""
    return {
        "model": model,
        "prompt": "".join(message.text for message in request.messages),
        "suffix": request.suffix or "",
        "stream": True,
        "truncate": False,
        "shift": False,
        "options": _options(request, window),
    }


def _options(request: Request, window: int | None) -> dict[str, Any]:
    limits = request.limits
    options: dict[str, Any] = {
        "num_ctx": window,
        "num_predict": limits.max_output_tokens,
        "temperature": limits.temperature,
        "top_p": limits.top_p,
        "top_k": limits.top_k,
        "presence_penalty": limits.presence_penalty,
        "frequency_penalty": limits.frequency_penalty,
        "seed": limits.seed,
        "stop": list(limits.stop) or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _messages(messages: Iterable[Message]) -> Iterable[dict[str, Any]]:
    """Yield wire messages: a tool result is one of its own and names the tool it is from."""
    names: dict[str, str] = {}
    for message in messages:
        names |= {part.id: part.name for part in message.parts if isinstance(part, ToolCall)}
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        for result in results:
            told = {"tool_call_id": result.call_id, "tool_name": names.get(result.call_id, "")}
            yield {"role": "tool", "content": result.text, **told}
        rest = [part for part in message.parts if not isinstance(part, ToolResult)]
        if rest or not results:
            yield _message(message, rest)


def _message(message: Message, parts: Sequence[Part]) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.text}
    for part in parts:
        match part:
            case Image(data=data):
                wire.setdefault("images", []).append(data)
            case Thinking(text=text):
                wire["thinking"] = wire.get("thinking", "") + text
            case ToolCall():
                wire.setdefault("tool_calls", []).append(_call(part))
            case Text() | ToolResult():
                continue
    return wire


def _call(call: ToolCall) -> dict[str, Any]:
    """Return an earlier call; here arguments are an object, not text.

    Raises: ProviderFailed, worth a try elsewhere, when the text is no object.
    """
    try:
        arguments = strict_json.loads(call.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise ProviderFailed(
            f"an earlier call of tool '{call.name[:60]}' has arguments that are no JSON object, "
            "which Ollama can't take",
            "rejected",
            status=400,
        )
    return {"id": call.id, "function": {"name": call.name, "arguments": arguments}}


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)}
    return {"type": "function", "function": function}


def _format(request: Request) -> Any:
    wanted = request.response_format
    if wanted.kind == "json_schema":
        return dict(wanted.schema or {})
    return "json" if wanted.kind == "json_object" else None


def decode_message(message: Any, calls: int) -> list[Chunk]:
    """Return what one line adds to the answer; `calls` tool calls came before it."""
    chunks: list[Chunk] = []
    if message.thinking:
        chunks.append(ThinkingDelta(message.thinking))
    if message.content:
        chunks.append(TextDelta(message.content))
    for call in message.tool_calls or ():
        arguments = strict_json.dumps(dict(call.function.arguments)).decode()
        # Ollama's own ids are dropped by the SDK; clients want them unique over a conversation.
        identity = f"call_{secrets.token_hex(6)}"
        chunks.append(ToolCallDelta(calls, identity, call.function.name, arguments))
        calls += 1
    return chunks


def decode_finish(part: Any, *, called: bool) -> Finish:
    """Return the end of the answer from its last line; `called`: it made tool calls."""
    usage = Usage(
        -1 if part.prompt_eval_count is None else part.prompt_eval_count,
        -1 if part.eval_count is None else part.eval_count,
    )
    if part.done_reason == "length":
        return Finish("length", usage)
    # "load" and "unload" end an empty request; anything unknown is an ordinary end.
    return Finish("tool_calls" if called else "stop", usage)

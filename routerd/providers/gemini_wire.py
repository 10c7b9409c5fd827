"""Google's generateContent format towards the backend, both ways; knows no connection.

Source: Gemini API reference, "generateContent", "Function calling", "Thought signatures",
"Structured outputs".
"""

import secrets
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
from routerd.dialects import strict_json
from routerd.dialects.signatures import opened, sealed

VENDOR = "gemini"
# Stands for the signature of a call that another model made; the newest models ask for one.
NOT_SIGNED = "skip_thought_signature_validator"
MOST_STOPS = 5
_FINISH: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter",
}


def encode_request(request: Request, signed: Mapping[str, str], *, thinks: bool) -> dict[str, Any]:
    """Return the body; `signed` maps ids of earlier tool calls to their signatures."""
    body: dict[str, Any] = {"contents": _contents(request.messages, signed)}
    system = [m.text for m in request.messages if m.role == "system" and m.text]
    if system:
        body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
    if request.tools:
        declared = [
            {"name": t.name, "description": t.description, "parametersJsonSchema": dict(t.schema)}
            for t in request.tools
        ]
        body["tools"] = [{"functionDeclarations": declared}]
    if request.tools and request.tool_choice not in ("", "auto"):
        body["toolConfig"] = {"functionCallingConfig": _calling(request.tool_choice)}
    if config := _generation(request, thinks=thinks):
        body["generationConfig"] = config
    return body


def _calling(choice: str) -> dict[str, Any]:
    if choice == "none":
        return {"mode": "NONE"}
    named = {} if choice == "required" else {"allowedFunctionNames": [choice]}
    return {"mode": "ANY", **named}


def _generation(request: Request, *, thinks: bool) -> dict[str, Any]:
    limits, shape = request.limits, request.response_format
    schema = dict(shape.schema or {}) if shape.kind == "json_schema" else None
    fields: dict[str, Any] = {
        "maxOutputTokens": limits.max_output_tokens,
        "temperature": limits.temperature,
        "topP": limits.top_p,
        "topK": limits.top_k,
        "presencePenalty": limits.presence_penalty,
        "frequencyPenalty": limits.frequency_penalty,
        "seed": limits.seed,
        "stopSequences": list(limits.stop[:MOST_STOPS]) or None,
        "responseMimeType": "application/json" if shape.kind != "text" else None,
        "responseJsonSchema": schema,
        "thinkingConfig": {"includeThoughts": True} if thinks else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _contents(messages: Iterable[Message], signed: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return turns; what follows on the same side is one turn here."""
    names: dict[str, str] = {}
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        names |= {part.id: part.name for part in message.parts if isinstance(part, ToolCall)}
        role = "model" if message.role == "assistant" else "user"
        parts = _parts(message.parts, names, signed)
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        elif parts:
            turns.append({"role": role, "parts": parts})
    return turns


def _parts(
    parts: Iterable[Part], names: Mapping[str, str], signed: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return wire parts; a signature belongs to the call after it, or ends the turn."""
    found: list[dict[str, Any]] = []
    pending, calls = "", 0
    for part in parts:
        match part:
            case Text(text=text) if text:
                found.append({"text": text})
            case Image(media_type=kind, data=data):
                found.append({"inlineData": {"mimeType": kind, "data": data}})
            case Thinking(signature=signature):
                pending = opened(VENDOR, signature) or pending
            case ToolCall():
                # Of several calls made at once only the first is signed.
                mark = pending or signed.get(part.id) or ("" if calls else NOT_SIGNED)
                found.append(_call(part, mark))
                pending, calls = "", calls + 1
            case ToolResult():
                found.append(_result(part, names.get(part.call_id, "tool")))
            case _:
                continue
    if pending:
        found.append({"text": "", "thoughtSignature": pending})
    return found


def _call(call: ToolCall, signature: str) -> dict[str, Any]:
    try:
        arguments = strict_json.loads(call.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise ProviderFailed(
            f"an earlier call of tool '{call.name[:60]}' has arguments that are no JSON object, "
            "which Gemini can't take",
            "rejected",
            status=400,
        )
    wire = {"functionCall": {"id": call.id, "name": call.name, "args": arguments}}
    return {**wire, "thoughtSignature": signature} if signature else wire


def _result(result: ToolResult, name: str) -> dict[str, Any]:
    said = {"error" if result.is_error else "output": result.text}
    return {"functionResponse": {"id": result.call_id, "name": name, "response": said}}


class StreamDecoder:
    """Decodes the objects of one answer. `signed` collects signatures by the id of their call."""

    def __init__(self) -> None:
        self._reason: FinishReason | None = None
        self._usage = Usage()
        self._calls = 0
        self.signed: dict[str, str] = {}

    def feed(self, obj: Mapping[str, Any]) -> list[Chunk]:
        """Return what one object adds. Raises: ProviderFailed."""
        if isinstance(error := obj.get("error"), Mapping):
            said = str(error.get("message") or "")[:300]
            raise ProviderFailed("the backend failed", "died", said=said)
        if isinstance(usage := obj.get("usageMetadata"), Mapping):
            self._usage = _usage(usage)
        feedback = obj.get("promptFeedback")
        if isinstance(feedback, Mapping) and feedback.get("blockReason"):
            self._reason = "content_filter"
        candidates = obj.get("candidates")
        first = candidates[0] if isinstance(candidates, list) and candidates else None
        if not isinstance(first, Mapping):
            return []
        chunks = self._content(first.get("content"))
        if reason := first.get("finishReason"):
            self._end(str(reason))
        return chunks

    def _end(self, reason: str) -> None:
        if reason not in _FINISH:
            # MALFORMED_FUNCTION_CALL and its kin: what came is no answer to be used.
            raise ProviderFailed(f"the backend broke the answer off ({reason[:40]})", "protocol")
        self._reason = _FINISH[reason]

    def _content(self, content: Any) -> list[Chunk]:
        parts = content.get("parts") if isinstance(content, Mapping) else None
        chunks: list[Chunk] = []
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, Mapping):
                chunks += self._part(part)
        return chunks

    def _part(self, part: Mapping[str, Any]) -> list[Chunk]:
        signature = str(part.get("thoughtSignature") or "")
        signing = [ThinkingDelta("", sealed(VENDOR, signature))] if signature else []
        if isinstance(call := part.get("functionCall"), Mapping):
            return [*signing, self._call(call, signature)]
        text = part.get("text")
        if not isinstance(text, str) or not text:
            return list(signing)
        said = ThinkingDelta(text) if part.get("thought") else TextDelta(text)
        return [said, *signing]

    def _call(self, call: Mapping[str, Any], signature: str) -> ToolCallDelta:
        identity = str(call.get("id") or f"call_{secrets.token_hex(6)}")
        if signature:
            self.signed[identity] = signature
        index, self._calls = self._calls, self._calls + 1
        arguments = strict_json.dumps(call.get("args") or {}).decode()
        return ToolCallDelta(index, identity, str(call.get("name") or ""), arguments)

    def finish(self) -> Finish:
        """Return the end. Raises: ProviderFailed where the backend never said that it was done."""
        if self._reason is None:
            raise ProviderFailed("the backend ended without a finish reason", "died")
        reason = "tool_calls" if self._calls and self._reason == "stop" else self._reason
        return Finish(reason, self._usage)


def _usage(told: Mapping[str, Any]) -> Usage:
    def count(name: str, otherwise: int) -> int:
        value = told.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else otherwise

    # Thinking is paid for as output and is not in the candidates' count.
    thought = count("thoughtsTokenCount", 0)
    made = count("candidatesTokenCount", 0) + thought
    cached = count("cachedContentTokenCount", 0)
    return Usage(count("promptTokenCount", -1), made, cached, reasoning_tokens=thought)

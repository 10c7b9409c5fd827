"""Ollama's chat and generate towards a client: answers as JSON lines, and errors.

Tool calls are whole objects in this dialect, so a call is told when it is complete. Times are not
told: the engine that was asked does not always measure them.

Source: Ollama's docs/api.md, "Generate a chat completion" and "Generate a completion".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from routerd.core.errors import RouterdError
from routerd.core.response import (
    Chunk,
    CompletedToolCall,
    Finish,
    Native,
    Progress,
    Response,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import passthrough, strict_json, tool_arguments


def _head(model: str, created: int) -> dict[str, Any]:
    moment = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"model": model, "created_at": moment}


def _counts(usage: Usage) -> dict[str, int]:
    told = {"prompt_eval_count": usage.input_tokens, "eval_count": usage.output_tokens}
    return {name: count for name, count in told.items() if count >= 0}


def _end(reason: str, usage: Usage) -> dict[str, Any]:
    done = "stop" if reason == "tool_calls" else reason
    return {"done": True, "done_reason": done, **_counts(usage)}


def _calls(calls: Sequence[CompletedToolCall], identity: str) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id or f"call_{identity}_{i}",
            "function": {
                "index": i,
                "name": call.name,
                "arguments": tool_arguments.as_object(call.name, call.arguments),
            },
        }
        for i, call in enumerate(calls)
    ]


def _logprobs(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    if not tokens:
        return {}
    told = [
        {
            "token": token.token,
            "logprob": token.logprob,
            "top_logprobs": [{"token": other, "logprob": value} for other, value in token.top],
        }
        for token in tokens
    ]
    return {"logprobs": told}


def _said(generate: bool, text: str, thinking: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Return text, thinking and calls as the one or the other endpoint says them."""
    more: dict[str, Any] = {"thinking": thinking} if thinking else {}
    if generate:
        return {"response": text, **more}
    message = {"role": "assistant", "content": text, **more}
    if calls:
        message["tool_calls"] = calls
    return {"message": message}


def encode_response(
    response: Response, identity: str, created: int, *, generate: bool = False
) -> bytes:
    """Return the body of a whole answer. `created` is Unix seconds; `generate`: of /api/generate.

    Raises: ProviderFailed when a call's arguments are no object.
    """
    if response.native:
        return passthrough.with_member(response.native, "model", response.model)
    calls = _calls(response.tool_calls, identity)
    return strict_json.dumps(
        {
            **_head(response.model, created),
            **_said(generate, response.text, response.thinking, calls),
            **_end(response.finish, response.usage),
            **_logprobs(response.logprobs),
        }
    )


def encode_loaded(model: str, created: int, *, generate: bool) -> bytes:
    """Return the answer to a request that only asks to load a model; routerd loads when asked."""
    body = {**_head(model, created), **_said(generate, "", "", [])}
    return strict_json.dumps({**body, "done": True, "done_reason": "load"})


@dataclass(slots=True)
class StreamEncoder:
    """Encodes the chunks of one answer as JSON lines; `generate`: those of /api/generate."""

    identity: str
    created: int
    generate: bool = False
    model: str = ""
    _native: bool = False
    _calls: dict[int, list[str]] = field(default_factory=dict)

    def encode(self, chunk: Chunk) -> bytes:
        """Return the lines for one chunk. Raises: ProviderFailed for arguments that break.

        There are no comments in JSON lines, so progress is a line that adds nothing.
        """
        match chunk:
            case Native(data=data):
                self._native = True
                return passthrough.with_member(data, "model", self.model) + b"\n"
            case _ if self._native:
                return b""
            case Progress():
                return self._line(_said(self.generate, "", "", []))
            case TextDelta(text=text, logprobs=logprobs):
                return self._line({**_said(self.generate, text, "", []), **_logprobs(logprobs)})
            case ThinkingDelta(text=text):
                return self._line(_said(self.generate, "", text, [])) if text else b""
            case ToolCallDelta():
                return self._call(chunk)
            case Finish():
                return self._finish(chunk)

    def _call(self, chunk: ToolCallDelta) -> bytes:
        call = self._calls.setdefault(chunk.index, ["", "", ""])
        call[0] = call[0] or chunk.id
        call[1] = call[1] or chunk.name
        call[2] += chunk.arguments
        return b""

    def _finish(self, chunk: Finish) -> bytes:
        whole = [CompletedToolCall(*self._calls[index]) for index in sorted(self._calls)]
        out = b""
        if calls := _calls(whole, self.identity):
            out = self._line(_said(self.generate, "", "", calls))
        end = {**_said(self.generate, "", "", []), **_end(chunk.reason, chunk.usage)}
        return out + self._line(end)

    def _line(self, fields: dict[str, Any]) -> bytes:
        body = {**_head(self.model, self.created), "done": False, **fields}
        return strict_json.dumps(body) + b"\n"

    def error(self, error: RouterdError) -> bytes:
        """Return the line that says the answer broke off; no line with `done` follows it."""
        return strict_json.dumps(error_object(error)) + b"\n"


def error_object(error: RouterdError) -> dict[str, Any]:
    """Return the error body; `src` tells that routerd itself speaks."""
    return {"error": error.message, "src": "routerd"}

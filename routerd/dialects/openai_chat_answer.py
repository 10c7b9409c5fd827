"""OpenAI chat completions towards a client: the answer, whole and streamed, and its errors.

Source: OpenAI API reference, "Chat Completions"; errors as in "Error codes".
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routerd.core.errors import NotFound, RouterdError
from routerd.core.response import (
    Chunk,
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
from routerd.dialects import passthrough, sse, strict_json, tool_arguments


def usage_object(usage: Usage) -> dict[str, Any]:
    """Counts the engine didn't give are 0 on the wire: clients add them up."""
    given, made = max(usage.input_tokens, 0), max(usage.output_tokens, 0)
    told: dict[str, Any] = {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
    if usage.reasoning_tokens:
        told["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return told


def logprobs_object(tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
    """Return the log probabilities of an answer's tokens, None where there are none."""
    if not tokens:
        return None
    return {
        "content": [
            {**_logprob(t.token, t.logprob), "top_logprobs": [_logprob(*other) for other in t.top]}
            for t in tokens
        ],
        "refusal": None,
    }


def _logprob(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "replace"))}


def encode_response(
    response: Response, identity: str, created: int, custom: Container[str] = ()
) -> bytes:
    """Return the body of a whole answer. `created` is Unix seconds.

    `custom`: names of tools that take free text. Raises: ProviderFailed when a call of one has
    arguments that are no object.
    """
    if response.native:
        return passthrough.with_member(response.native, "model", response.model)
    message: dict[str, Any] = {"role": "assistant", "content": response.text or None}
    if response.thinking:
        message["reasoning_content"] = response.thinking
    if response.tool_calls:
        message["tool_calls"] = [
            _custom_call(call.id or f"call_{i}", call.name, call.arguments)
            if call.name in custom
            else {
                "id": call.id or f"call_{i}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for i, call in enumerate(response.tool_calls)
        ]
    elif not response.text:
        message["content"] = ""
    choice = {
        "index": 0,
        "message": message,
        "logprobs": logprobs_object(response.logprobs),
        "finish_reason": response.finish,
    }
    return strict_json.dumps(
        {
            "id": identity,
            "object": "chat.completion",
            "created": created,
            "model": response.model,
            "choices": [choice],
            "usage": usage_object(response.usage),
        }
    )


def _custom_call(identity: str, name: str, arguments: str) -> dict[str, Any]:
    given = str(tool_arguments.as_object(name, arguments).get("input", ""))
    return {"id": identity, "type": "custom", "custom": {"name": name, "input": given}}


@dataclass(slots=True)
class StreamEncoder:
    """Encodes the chunks of one answer as server-sent events.

    `custom`: names of tools that take free text, which can only be read out of their arguments at
    the end.
    """

    identity: str
    created: int
    include_usage: bool = False
    model: str = ""
    custom: Container[str] = ()
    _began: bool = False
    _native: bool = False
    _called: set[int] = field(default_factory=set)
    _named: set[int] = field(default_factory=set)
    _held: dict[int, list[str]] = field(default_factory=dict)

    def encode(self, chunk: Chunk) -> bytes:
        """Return the events for one chunk; b"" where a native event has said it already."""
        match chunk:
            case Progress(message=message):
                return sse.comment(message)
            case Native():
                return self._passed_on(chunk)
            case Finish():
                return self._finish(chunk)
            case _ if self._native:
                return b""
            case _:
                return self._own(chunk)

    def _passed_on(self, chunk: Native) -> bytes:
        self._native = True
        if not self.include_usage and passthrough.only_usage(chunk.data):
            return b""
        return sse.encode(passthrough.with_member(chunk.data, "model", self.model), chunk.name)

    def _own(self, chunk: TextDelta | ThinkingDelta | ToolCallDelta) -> bytes:
        if isinstance(chunk, ToolCallDelta) and (
            chunk.name in self.custom or chunk.index in self._held
        ):
            held = self._held.setdefault(chunk.index, [chunk.id, chunk.name, ""])
            held[2] += chunk.arguments
            return b""
        delta = self._delta(chunk)
        if not self._began:
            self._began = True
            delta = {"role": "assistant", **delta}
        choice: dict[str, Any] = {"index": 0, "delta": delta, "finish_reason": None}
        if isinstance(chunk, TextDelta) and chunk.logprobs:
            choice["logprobs"] = logprobs_object(chunk.logprobs)
        return self._event([choice])

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
        if self._native:
            return sse.encode(b"[DONE]")
        calls = [
            {"index": index, **_custom_call(identity or f"call_{index}", name, arguments)}
            for index, (identity, name, arguments) in sorted(self._held.items())
        ]
        delta: dict[str, Any] = {} if self._began else {"role": "assistant", "content": ""}
        if calls:
            delta["tool_calls"] = calls
        out = self._event([{"index": 0, "delta": delta, "finish_reason": chunk.reason}])
        if self.include_usage:
            out += self._event([], {"usage": usage_object(chunk.usage)})
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

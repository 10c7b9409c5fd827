"""Anthropic messages towards a client: the answer, whole and streamed, and its errors.

A streamed answer is a sequence of content blocks, one open at a time. What belongs to a later block
than the open one waits until that is complete, so that parallel tool calls whose arguments come
interleaved are told one after the other.

Source: Anthropic API reference, "Streaming messages" and "Errors".
"""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from routerd.core.errors import ProviderFailed, RouterdError
from routerd.core.response import (
    Chunk,
    Finish,
    Native,
    Progress,
    Response,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import passthrough, sse, strict_json, tool_arguments

_STOP = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_BAD_IN_ID = re.compile(r"[^A-Za-z0-9_-]")
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def _stop(reason: str, sequence: str) -> dict[str, Any]:
    name = "stop_sequence" if sequence and reason == "stop" else _STOP[reason]
    return {"stop_reason": name, "stop_sequence": sequence or None}


def _usage(usage: Usage) -> dict[str, int]:
    """Tokens from and to the cache are counted apart; what wasn't counted is 0."""
    cached = usage.cached_tokens + usage.cache_write_tokens
    return {
        "input_tokens": max(usage.input_tokens - cached, 0),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": max(usage.output_tokens, 0),
    }


def encode_response(
    response: Response, identity: str, created: int = 0, *, thinking: bool = True
) -> bytes:
    """Return the body of a whole answer; `thinking`: the client asked to see it.

    Raises: ProviderFailed when a call's arguments are no object.
    """
    if response.native:
        return passthrough.with_member(response.native, "model", response.model)
    blocks: list[dict[str, Any]] = []
    if thinking:
        told, signature = response.thinking, response.thinking_signature
        if told or signature:
            blocks.append({"type": "thinking", "thinking": told, "signature": signature})
        blocks += [{"type": "redacted_thinking", "data": d} for d in response.redacted_thinking]
    if response.text:
        blocks.append({"type": "text", "text": response.text})
    for i, call in enumerate(response.tool_calls):
        given = tool_arguments.as_object(call.name, call.arguments)
        blocks.append({**_call(call.id, identity, i, call.name), "input": given})
    head = _message(identity, response.model)
    stop = _stop(response.finish, response.stop_sequence)
    return strict_json.dumps({**head, "content": blocks, **stop, "usage": _usage(response.usage)})


def _message(identity: str, model: str) -> dict[str, Any]:
    return {"id": identity, "type": "message", "role": "assistant", "model": model}


def _call(call_id: str, identity: str, index: int, name: str) -> dict[str, Any]:
    # Clients send it back, to Anthropic too, which takes no other characters.
    told = _BAD_IN_ID.sub("_", call_id) or f"toolu_{identity}_{index}"
    return {"type": "tool_use", "id": told, "name": name}


@dataclass(slots=True)
class _Call:
    """A tool call on its way: what is told of it, and what waits for its turn."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    waiting: str = ""


@dataclass(slots=True)
class StreamEncoder:
    """Encodes the chunks of one answer as server-sent events.

    `created` is not said in this dialect. `thinking`: the client asked to see it; else a sign of
    life stands for it.
    """

    identity: str
    created: int = 0
    thinking: bool = True
    model: str = ""
    _native: bool = False
    _began: bool = False
    _block: int = -1
    _open: str = ""
    _call: _Call | None = None
    _queue: deque[_Call] = field(default_factory=deque)
    _told: set[int] = field(default_factory=set)

    def encode(self, chunk: Chunk) -> bytes:
        """Return the events for one chunk. Raises: ProviderFailed for arguments that break."""
        match chunk:
            case Progress(message=message):
                # The words are for people; a ping is what Anthropic itself sends meanwhile.
                return sse.comment(message) + _event("ping", {})
            case Native(data=data, name=name):
                return self._passed_on(data, name)
            case _ if self._native:
                return b""
            case Finish():
                return self._begin() + self._finish(chunk)
            case _:
                return self._begin() + self._delta(chunk)

    def _passed_on(self, data: bytes, name: str) -> bytes:
        self._native = True
        # Some servers of this dialect leave the events' names out.
        if name == "message_start" or (not name and b'"message_start"' in data):
            data = passthrough.with_inner(data, "message", {"model": self.model})
        return sse.encode(data, name)

    def _begin(self) -> bytes:
        if self._began:
            return b""
        self._began = True
        stop = {"stop_reason": None, "stop_sequence": None}
        head = {**_message(self.identity, self.model), "content": [], **stop}
        return _event("message_start", {"message": {**head, "usage": _usage(Usage())}})

    def _delta(self, chunk: TextDelta | ThinkingDelta | ToolCallDelta) -> bytes:
        if isinstance(chunk, ToolCallDelta):
            return self._call_delta(chunk)
        if isinstance(chunk, ThinkingDelta):
            return self._thinking(chunk) if self.thinking else _event("ping", {})
        if not chunk.text:
            return b""
        return self._into("text", {"type": "text", "text": ""}) + self._more(
            {"type": "text_delta", "text": chunk.text}
        )

    def _thinking(self, chunk: ThinkingDelta) -> bytes:
        if chunk.redacted:
            block = {"type": "redacted_thinking", "data": chunk.signature}
            return self._close() + self._start("redacted", block) + self._close()
        out = self._into("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        if chunk.text:
            out += self._more({"type": "thinking_delta", "thinking": chunk.text})
        if chunk.signature:
            out += self._more({"type": "signature_delta", "signature": chunk.signature})
        return out

    def _call_delta(self, chunk: ToolCallDelta) -> bytes:
        if chunk.index in self._told:
            return self._late(chunk)
        call = self._known(chunk.index)
        call.id, call.name = call.id or chunk.id, call.name or chunk.name
        call.waiting += chunk.arguments
        return self._advance(at_end=False)

    def _late(self, chunk: ToolCallDelta) -> bytes:
        if not chunk.arguments.strip():
            return b""
        raise ProviderFailed("the model went on with a tool call that it had ended", "protocol")

    def _known(self, index: int) -> _Call:
        every = [self._call, *self._queue]
        found = next((call for call in every if call and call.index == index), None)
        if found is None:
            found = _Call(index)
            self._queue.append(found)
        return found

    def _advance(self, *, at_end: bool) -> bytes:
        """Tell what can be told of the calls, in order."""
        out = b""
        while True:
            out += self._tell()
            if not self._queue:
                return out
            if self._call and not (at_end or tool_arguments.complete(self._call.arguments)):
                return out
            out += self._close()
            self._call = self._queue.popleft()
            block = _call(self._call.id, self.identity, self._call.index, self._call.name)
            out += self._start("tool", {**block, "input": {}})

    def _tell(self) -> bytes:
        call = self._call
        if call is None or not call.waiting:
            return b""
        piece, call.waiting = call.waiting, ""
        call.arguments += piece
        return self._more({"type": "input_json_delta", "partial_json": piece})

    def _into(self, kind: str, block: dict[str, Any]) -> bytes:
        if self._open == kind:
            return b""
        # Calls that wait come before what follows them.
        return self._advance(at_end=True) + self._close() + self._start(kind, block)

    def _start(self, kind: str, block: dict[str, Any]) -> bytes:
        self._block += 1
        self._open = kind
        return _event("content_block_start", {"index": self._block, "content_block": block})

    def _more(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._block, "delta": delta})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        if self._call and self._open == "tool":
            tool_arguments.as_object(self._call.name, self._call.arguments)
            self._told.add(self._call.index)
            self._call = None
        self._open = ""
        return _event("content_block_stop", {"index": self._block})

    def _finish(self, chunk: Finish) -> bytes:
        out = self._advance(at_end=True) + self._close()
        delta = _stop(chunk.reason, chunk.stop_sequence)
        out += _event("message_delta", {"delta": delta, "usage": _usage(chunk.usage)})
        return out + _event("message_stop", {})

    def error(self, error: RouterdError) -> bytes:
        """Return the event that says the answer broke off; no terminal event follows it."""
        return sse.encode(strict_json.dumps(error_object(error)), "error")


def _event(name: str, fields: dict[str, Any]) -> bytes:
    return sse.encode(strict_json.dumps({"type": name, **fields}), name)


def error_object(error: RouterdError) -> dict[str, Any]:
    """Return the error body; `src` tells that routerd itself speaks."""
    status = error.status_hint
    kind = _ERRORS.get(status, "invalid_request_error" if status < 500 else "api_error")
    told = {"type": kind, "message": error.message, "src": "routerd"}
    return {"type": "error", "error": told}

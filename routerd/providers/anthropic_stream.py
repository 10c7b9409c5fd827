"""Anthropic's stream of events to chunks; it knows whether the stream really ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.outcome import FailureKind
from routerd.core.response import (
    Chunk,
    Finish,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.dialects import openai_chat, strict_json

_STOP: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_ERRORS: dict[str, tuple[FailureKind, bool]] = {
    "overloaded_error": ("overloaded", True),
    "rate_limit_error": ("overloaded", True),
    "timeout_error": ("timeout", True),
    "authentication_error": ("credential", True),
    "permission_error": ("credential", True),
    "invalid_request_error": ("rejected", False),
}


@dataclass(slots=True)
class _Block:
    """A content block that is being sent; `call` is its place among the tool calls."""

    kind: str
    call: int = -1
    whole: str = ""
    begun: bool = False


class StreamDecoder:
    """Decodes the events of one answer."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._stop: str = ""
        self._sequence = ""
        self._usage: dict[str, int] = {}
        self.ended = False

    def feed(self, event: Mapping[str, Any]) -> list[Chunk]:
        """Return what one event adds. Raises: ProviderFailed."""
        kind = event.get("type")
        if kind == "error":
            raise _failure(event)
        if kind == "message_start":
            self._count(_mapping(_mapping(event.get("message")).get("usage")))
        elif kind == "content_block_start":
            return self._begin(event)
        elif kind == "content_block_delta":
            return self._go_on(event)
        elif kind == "content_block_stop":
            return self._end_block(event)
        elif kind == "message_delta":
            delta = _mapping(event.get("delta"))
            self._stop = str(delta.get("stop_reason") or self._stop)
            self._sequence = str(delta.get("stop_sequence") or self._sequence)
            self._count(_mapping(event.get("usage")))
        elif kind == "message_stop":
            return [self._finish()]
        # Pings, and kinds that a later version may add.
        return []

    def whole(self, message: Mapping[str, Any]) -> list[Chunk]:
        """Return all of an answer that was not streamed. Raises: ProviderFailed."""
        chunks = self.feed({"type": "message_start", "message": message})
        content = message.get("content")
        for index, block in enumerate(content if isinstance(content, list) else ()):
            chunks += self.feed(
                {"index": index, "type": "content_block_start", "content_block": block}
            )
            chunks += self.feed({"index": index, "type": "content_block_stop"})
        chunks += self.feed(
            {"type": "message_delta", "delta": message, "usage": message.get("usage")}
        )
        return chunks + self.feed({"type": "message_stop"})

    def _begin(self, event: Mapping[str, Any]) -> list[Chunk]:
        content = _mapping(event.get("content_block"))
        block = self._blocks[_index(event)] = _Block(str(content.get("type")))
        if block.kind == "redacted_thinking":
            return [ThinkingDelta("", str(content.get("data") or ""), redacted=True)]
        if block.kind == "thinking" and (content.get("thinking") or content.get("signature")):
            told, signature = content.get("thinking"), content.get("signature")
            return [ThinkingDelta(str(told or ""), str(signature or ""))]
        if block.kind == "text" and content.get("text"):
            return [TextDelta(str(content["text"]))]
        if block.kind != "tool_use":
            return []
        block.call, self._calls = self._calls, self._calls + 1
        if given := content.get("input"):
            block.whole = strict_json.dumps(given).decode()
        identity, name = str(content.get("id") or ""), str(content.get("name") or "")
        return [ToolCallDelta(block.call, identity, name)]

    def _go_on(self, event: Mapping[str, Any]) -> list[Chunk]:
        block, delta = self._block(event), _mapping(event.get("delta"))
        kind = delta.get("type")
        if kind == "text_delta":
            return [TextDelta(str(delta.get("text") or ""))]
        if kind == "thinking_delta":
            return [ThinkingDelta(str(delta.get("thinking") or ""))]
        if kind == "signature_delta":
            return [ThinkingDelta("", str(delta.get("signature") or ""))]
        if kind == "input_json_delta" and block.call >= 0 and delta.get("partial_json"):
            block.begun = True
            return [ToolCallDelta(block.call, arguments=str(delta["partial_json"]))]
        return []

    def _end_block(self, event: Mapping[str, Any]) -> list[Chunk]:
        block = self._block(event)
        if block.call >= 0 and not block.begun:
            # A call without arguments sends no piece of them; "" would be no JSON.
            return [ToolCallDelta(block.call, arguments=block.whole or "{}")]
        return []

    def _block(self, event: Mapping[str, Any]) -> _Block:
        block = self._blocks.get(_index(event))
        if block is None:
            raise ProviderFailed("the backend went on with a block it had not begun", "protocol")
        return block

    def _count(self, usage: Mapping[str, Any]) -> None:
        for name, value in usage.items():
            if isinstance(value, int) and not isinstance(value, bool):
                self._usage[name] = value

    def _finish(self) -> Finish:
        self.ended = True
        if not self._stop:
            raise ProviderFailed("the backend ended without a stop reason", "died")
        return Finish(_STOP.get(self._stop, "stop"), self.usage, self._sequence)

    @property
    def usage(self) -> Usage:
        """Tokens; here input_tokens are only those neither read from nor put into the cache."""
        counts = self._usage
        if "input_tokens" not in counts:
            return Usage(-1, counts.get("output_tokens", -1))
        read = counts.get("cache_read_input_tokens", 0)
        written = counts.get("cache_creation_input_tokens", 0)
        total = counts["input_tokens"] + read + written
        return Usage(total, counts.get("output_tokens", -1), read, written)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _index(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    if not isinstance(index, int):
        raise ProviderFailed("the backend sent a block without its index", "protocol")
    return index


def _failure(event: Mapping[str, Any]) -> ProviderFailed:
    kind = str(_mapping(event.get("error")).get("type"))
    failure, retryable = _ERRORS.get(kind, ("died", True))
    said = openai_chat.error_text(event)
    return ProviderFailed(
        f"the backend failed ({kind[:40]})", failure, retryable=retryable, said=said
    )

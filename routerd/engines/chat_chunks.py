"""Builds OpenAI chunks from the bare tokens of a model; imports no library and does no I/O."""

import codecs
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from routerd.engines import chat_body
from routerd.engines.bindings import Emit
from routerd.engines.marked_text import THINK, Delta, MarkedText, StopStrings, tool_call


class ChatChunks:
    """Turns one answer's token bytes into OpenAI chunks, handed to `emit`.

    `prompt` is the rendered one; `has_calls` tells that the model marks its tool calls.
    """

    def __init__(
        self, model: str, body: Mapping[str, Any], prompt: str, emit: Emit, *, has_calls: bool
    ) -> None:
        self._emit = emit
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
        }
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._stops = StopStrings(chat_body.stop_strings(body))
        calls = has_calls and bool(chat_body.offered_tools(body))
        self._marked = MarkedText(calls=calls, thinking=prompt.rstrip().endswith(THINK))
        self._is_call = bool(chat_body.forced_tools(body))
        self._call_text = ""

    @property
    def stopped(self) -> bool:
        """Whether a stop string has been met."""
        return self._stops.stopped

    def take(self, piece: bytes) -> bool:
        """Take the next token's bytes; return whether to stop."""
        return self._pass_on(self._stops.feed(self._decoder.decode(piece)))

    def end(self, reason: str, prompt_tokens: int, count: int, cached_tokens: int) -> None:
        """Send what was held back, then the last chunk."""
        if not self.stopped:
            self._pass_on(self._stops.feed(self._decoder.decode(b"", final=True)))
            self._pass_on(self._stops.rest())
        deltas = self._forced_call() if self._is_call else self._marked.rest()
        for delta in deltas:
            self._send(delta, None)
        called = self._marked.calls or any("tool_calls" in delta for delta in deltas)
        usage = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": count,
            "total_tokens": prompt_tokens + count,
            "prompt_tokens_details": {"cached_tokens": cached_tokens},
        }
        self._send({}, "tool_calls" if called and reason == "stop" else reason, usage=usage)

    def _pass_on(self, text: str) -> bool:
        if self._is_call:
            self._call_text += text
            return self._emit({})
        deltas = self._marked.feed(text) if text else []
        if not deltas:
            return self._emit({})
        return any(self._send(delta, None) for delta in deltas)

    def _forced_call(self) -> list[Delta]:
        try:
            call = json.loads(self._call_text)
            return [tool_call(0, call["name"], call["arguments"])]
        except (ValueError, TypeError, KeyError):
            # Cut off by the token limit: it goes out as it is, and finish_reason says "length".
            return [{"content": self._call_text}]

    def _send(self, delta: Delta, reason: str | None, **more: Any) -> bool:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return self._emit({**self._head, "choices": [choice], **more})

"""What a healthy OpenAI-compatible server sends, as bytes ready for the wire.

Source: OpenAI API reference, "Chat Completions" (the chunk object, the usage chunk); the official
SDK is the judge (`test_openai_server.py`).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DONE = b"data: [DONE]\n\n"
_HEAD = {"id": "chatcmpl-fake", "created": 1_780_000_000, "system_fingerprint": "fp_fake"}


@dataclass(frozen=True, slots=True)
class Script:
    """One model's answer. `tool_calls` are (name, arguments as JSON text)."""

    text: str = "Größere Äpfel reifen später, naïve 🍏 ones sooner."
    thinking: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    prompt_tokens: int = 7
    cached_tokens: int = 3

    @property
    def pieces(self) -> list[str]:
        """The text as it is streamed."""
        return re.findall(r"\s*\S+", self.text)

    @property
    def finish_reason(self) -> str:
        """Why the answer ends."""
        return "tool_calls" if self.tool_calls else self.finish

    @property
    def usage(self) -> dict[str, Any]:
        """Token counts."""
        made = len(self.pieces) + len(self.tool_calls)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": made,
            "total_tokens": self.prompt_tokens + made,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }


def event(value: Any) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def deltas(script: Script) -> list[dict[str, Any]]:
    """Return the deltas of a stream, in order."""
    found: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if script.thinking:
        found.append({"reasoning_content": script.thinking})
    if not script.tool_calls:
        found += [{"content": piece} for piece in script.pieces]
    for index, (name, arguments) in enumerate(script.tool_calls):
        function = {"name": name, "arguments": ""}
        call = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        found.append({"tool_calls": [call]})
        half = len(arguments) // 2
        for part in (arguments[:half], arguments[half:]):
            more = {"index": index, "function": {"arguments": part}}
            found.append({"tool_calls": [more]})
    return found


def events(script: Script, asked: Mapping[str, Any]) -> list[bytes]:
    """Return the events of a whole stream without the closing [DONE]."""
    head = {**_HEAD, "object": "chat.completion.chunk", "model": asked["model"]}
    found = [
        event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        for delta in deltas(script)
    ]
    end = {"index": 0, "delta": {}, "finish_reason": script.finish_reason}
    found.append(event({**head, "choices": [end]}))
    if (asked.get("stream_options") or {}).get("include_usage"):
        found.append(event({**head, "choices": [], "usage": script.usage}))
    return found


def whole(script: Script, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": script.text, "refusal": None}
    if script.thinking:
        message["reasoning_content"] = script.thinking
    if script.tool_calls:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": f"call_{index}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for index, (name, arguments) in enumerate(script.tool_calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": script.finish_reason}
    head = {**_HEAD, "object": "chat.completion", "model": asked["model"]}
    return {**head, "choices": [choice], "usage": script.usage}


def error(message: str, code: str | None = None) -> dict[str, Any]:
    """Return an error body."""
    kind = "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}

"""Anthropic's Messages API over a real socket, healthy or broken as the model's name says.

Source: Anthropic API reference ("Messages", "Streaming messages", "List models", "Errors", "Rate
limits"). The official SDK is the judge (`test_anthropic_server.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire

SSE = "text/event-stream; charset=utf-8"
RETRY_AFTER_S = 17
VERSIONS = ("2023-06-01", "2026-10-21")
LIMIT_HEADERS = {
    "anthropic_ratelimit_requests_limit": "50",
    "anthropic_ratelimit_requests_remaining": "49",
    "anthropic_ratelimit_requests_reset": "2026-11-26T12:00:00Z",
    "request_id": "req_fake",
}


@dataclass(frozen=True, slots=True)
class Script:
    """One model's answer, block by block, and its counts."""

    blocks: tuple[Mapping[str, Any], ...] = (
        {"type": "text", "text": "Größere Äpfel reifen später, naïve 🍏 ones sooner."},
    )
    stop_reason: str = "end_turn"
    input_tokens: int = 12
    cache_read: int = 100
    cache_written: int = 30
    output_tokens: int = 9


THINKING = Script(
    (
        {"type": "thinking", "thinking": "Let me see.", "signature": "EqQBCgIYAhIM-signed"},
        {"type": "redacted_thinking", "data": "EmwKAhgBEgy-hidden"},
        {"type": "text", "text": "Done."},
    )
)
CALLING = Script(
    (
        {"type": "text", "text": "I will look."},
        {"type": "tool_use", "id": "toolu_1", "name": "edit", "input": {"path": "ä.py", "n": 3}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ),
    stop_reason="tool_use",
)
MODELS = {
    "claude-sonnet-5": Script(),
    "claude-thinker": THINKING,
    "claude-caller": CALLING,
    "claude-brief": Script(stop_reason="max_tokens"),
    "claude-full": Script(stop_reason="model_context_window_exceeded"),
    "claude-refuser": Script((), stop_reason="refusal"),
}


def _keys(call: Call) -> list[str]:
    """Return the key as clients of both versions send it."""
    bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
    return [bearer, call.headers.get("x-api-key", "")]


def error(kind: str, message: str) -> dict[str, Any]:
    """Return an error body."""
    told = {"type": kind, "message": message}
    return {"type": "error", "error": told, "request_id": "req_fake"}


def usage(script: Script) -> dict[str, Any]:
    """Return the counts as they stand at the end."""
    return {
        "input_tokens": script.input_tokens,
        "cache_creation_input_tokens": script.cache_written,
        "cache_read_input_tokens": script.cache_read,
        "output_tokens": script.output_tokens,
        "service_tier": "standard",
    }


def whole(script: Script, model: str) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    return {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(script.blocks),
        "stop_reason": script.stop_reason,
        "stop_sequence": None,
        "usage": usage(script),
    }


def _event(value: Mapping[str, Any]) -> bytes:
    data = json.dumps(value, ensure_ascii=False).encode()
    return b"event: " + str(value["type"]).encode() + b"\ndata: " + data + b"\n\n"


def _deltas(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return how a block begins and how it goes on."""
    kind = block["type"]
    if kind == "text":
        half = len(block["text"]) // 2
        pieces = [block["text"][:half], block["text"][half:]]
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces]
    if kind == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}, [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    if kind == "redacted_thinking":
        return dict(block), []
    text = json.dumps(block["input"]) if block["input"] else ""
    pieces = ["", text[:4], text[4:]] if text else [""]
    parts = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return {**block, "input": {}}, parts


def events(script: Script, model: str) -> list[bytes]:
    """Return the events of a whole stream."""
    head = {**whole(script, model), "content": [], "stop_reason": None}
    head["usage"] = {**usage(script), "output_tokens": 1}
    found: list[dict[str, Any]] = [{"type": "message_start", "message": head}, {"type": "ping"}]
    for index, block in enumerate(script.blocks):
        begin, deltas = _deltas(block)
        found.append({"type": "content_block_start", "index": index, "content_block": begin})
        found += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        found.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": script.stop_reason, "stop_sequence": None}
    counts = {"output_tokens": script.output_tokens}
    found.append({"type": "message_delta", "delta": delta, "usage": counts})
    return [_event(value) for value in [*found, {"type": "message_stop"}]]


ERRORS: Mapping[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "error-400": (400, error("invalid_request_error", "messages: roles must alternate"), {}),
    "error-long": (400, error("invalid_request_error", "prompt is too long: 210001 tokens"), {}),
    "error-credit": (400, error("invalid_request_error", "Your credit balance is too low"), {}),
    "error-401": (401, error("authentication_error", "invalid x-api-key"), {}),
    "error-403": (403, error("permission_error", "not for your organisation"), {}),
    "error-413": (413, error("request_too_large", "Request exceeds the maximum size"), {}),
    "error-429": (
        429,
        error("rate_limit_error", "This request would exceed your rate limit"),
        {"retry_after": str(RETRY_AFTER_S)},
    ),
    "error-500": (500, error("api_error", "Internal server error"), {}),
    "error-529": (529, error("overloaded_error", "Overloaded"), {}),
}


def _block_fault(message: Mapping[str, Any]) -> str:
    content = message["content"]
    for block in content if isinstance(content, list) else []:
        if block["type"] == "text" and not block["text"].strip():
            return "messages: text content blocks must be non-empty"
        if block["type"] == "thinking" and not block["signature"].endswith("signed"):
            return "messages: Invalid `signature` in `thinking` block"
        if block["type"] == "tool_use" and not isinstance(block["input"], dict):
            return "messages: tool_use.input: Input should be an object"
    return ""


class FakeAnthropic(FakeServer):
    """`with FakeAnthropic(key) as server: server.url`; listing pages hold two models each."""

    def __init__(self, key: str = "", models: Mapping[str, Script] = MODELS) -> None:
        super().__init__()
        self.key = key
        self.models = models

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Route one request."""
        path, _, query = call.path.partition("?")
        if self.key and self.key not in _keys(call):
            await wire.json(401, error("authentication_error", "invalid x-api-key"))
        elif call.headers.get("anthropic-version") not in VERSIONS:
            await wire.json(400, error("invalid_request_error", "anthropic-version: required"))
        elif (call.method, path) == ("GET", "/v1/models"):
            await wire.json(200, self._page(query), **LIMIT_HEADERS)
        elif (call.method, path) == ("POST", "/v1/messages"):
            await self._message(call, wire)
        else:
            await wire.json(404, error("not_found_error", "Not found"))

    def _page(self, query: str) -> dict[str, Any]:
        names = list(self.models)
        after = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair).get("after_id")
        start = names.index(after) + 1 if after else 0
        shown = names[start : start + 2]
        items = [
            {
                "type": "model",
                "id": name,
                "display_name": name.title(),
                "created_at": "2025-09-29T00:00:00Z",
                "lifecycle": "active",
                "max_input_tokens": 200_000,
                "max_tokens": 64_000,
                "capabilities": {
                    "image_input": {"supported": True},
                    "structured_outputs": {"supported": True},
                    "thinking": {
                        "supported": name == "claude-thinker",
                        "types": {"adaptive": {"supported": name == "claude-thinker"}},
                    },
                },
            }
            for name in shown
        ]
        more = start + 2 < len(names)
        return {"data": items, "has_more": more, "first_id": shown[0], "last_id": shown[-1]}

    async def _message(self, call: Call, wire: Wire) -> None:
        model = str(call.data.get("model"))
        if fault := self.fault(call.data, call.headers["anthropic-version"]):
            await wire.json(400, error("invalid_request_error", fault))
        elif model in ERRORS:
            status, body, headers = ERRORS[model]
            await wire.json(status, body, **headers)
        elif model.startswith("broken-"):
            await self._broken(model, wire)
        elif (script := self.models.get(model)) is None:
            await wire.json(404, error("not_found_error", f"model: {model}"))
        elif call.data.get("stream"):
            await wire.head(200, SSE, transfer_encoding="chunked", **LIMIT_HEADERS)
            for data in events(script, model):
                await wire.chunk(data)
            await wire.end()
        else:
            await wire.json(200, whole(script, model), **LIMIT_HEADERS)

    async def _broken(self, model: str, wire: Wire) -> None:
        """Begin well, then fail in the middle."""
        good = events(CALLING, model)
        await wire.begin(SSE)
        for data in good[:5]:
            await wire.chunk(data)
        if model == "broken-overloaded":
            await wire.chunk(_event(error("overloaded_error", "Overloaded")))
        elif model == "broken-json":
            await wire.chunk(b"event: ping\ndata: {\n\n")
        elif model == "broken-order":
            stray = {"type": "text_delta", "text": "x"}
            await wire.chunk(_event({"type": "content_block_delta", "index": 9, "delta": stray}))
        if model == "broken-hang":
            await wire.silence()
        if model != "broken-reset":
            await wire.end()
        else:
            wire.reset()

    @staticmethod
    def fault(body: Mapping[str, Any], version: str) -> str:
        """Return what the real API would refuse a body for, '' where it would not."""
        if version == VERSIONS[-1] and {"temperature", "top_p", "top_k"} & set(body):
            return "temperature: not supported from API version 2026-10-21"
        messages = body.get("messages")
        if not isinstance(body.get("max_tokens"), int):
            return "max_tokens: Field required"
        if not isinstance(messages, list) or not messages:
            return "messages: at least one message is required"
        marks = json.dumps(body).count('"cache_control"')
        if marks > 4:
            return "A maximum of 4 blocks with cache_control may be provided"
        return next((told for message in messages if (told := _block_fault(message))), "")

"""OpenAI's own API over a real socket: Responses, chat completions, and how it refuses.

Source: OpenAI API reference, "Responses", "Streaming events", "Error codes", "Rate limits". The
official SDK is the judge (`test_openai_responses.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire
from tests.fakes.openai_chunks import DONE, error, events, whole
from tests.fakes.openai_chunks import Script as ChatScript

RETRY_AFTER_S = 20
SSE = "text/event-stream; charset=utf-8"
LIMIT_HEADERS = {
    "x_ratelimit_limit_requests": "500",
    "x_ratelimit_remaining_requests": "499",
    "x_ratelimit_reset_requests": "120ms",
    "x_request_id": "req_fake",
}
LAST_ONE = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s"}


@dataclass(frozen=True, slots=True)
class Script:
    """One model's answer, item by item."""

    items: tuple[Mapping[str, Any], ...]
    status: str = "completed"
    why_incomplete: str = ""
    input_tokens: int = 30
    cached: int = 16
    output_tokens: int = 11


def said(text: str) -> dict[str, Any]:
    """Return a message item."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    head = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant"}
    return {**head, "content": [part]}


def called(identity: str, name: str, arguments: str) -> dict[str, Any]:
    """Return a tool call item."""
    told = {"call_id": identity, "name": name, "arguments": arguments, "status": "completed"}
    return {"type": "function_call", "id": f"fc_{identity}", **told}


REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Let me see."}],
    "encrypted_content": "gAAAA-encrypted",
}
MODELS = {
    "gpt-5.1": Script((REASONING, said("Größere Äpfel 🍏."))),
    "gpt-5.1-codex": Script(
        (REASONING, called("call_1", "edit", '{"path": "ä.py"}'), called("call_2", "now", "{}"))
    ),
    "o4-mini": Script((said("cut o"),), "incomplete", "max_output_tokens"),
    "o3": Script((), "incomplete", "content_filter"),
}
CHAT_MODELS = {"gpt-4o": ChatScript(), "gpt-4o-mini": ChatScript(tool_calls=(("edit", "{}"),))}
OTHERS = ("text-embedding-3-small", "whisper-1", "dall-e-3", "gpt-4o-realtime-preview")


def body(script: Script, model: str, status: str) -> dict[str, Any]:
    """Return a response object."""
    why = {"reason": script.why_incomplete} if script.why_incomplete else None
    return {
        "id": "resp_fake",
        "object": "response",
        "created_at": 1_780_000_000,
        "status": status,
        "model": model,
        "output": list(script.items) if status == script.status else [],
        "error": None,
        "incomplete_details": why if status == "incomplete" else None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "top_p": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": script.input_tokens,
            "input_tokens_details": {"cached_tokens": script.cached, "cache_write_tokens": 0},
            "output_tokens": script.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 4},
            "total_tokens": script.input_tokens + script.output_tokens,
        }
        if status == script.status
        else None,
    }


def _item_events(place: int, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind, at = item["type"], {"output_index": place, "item_id": item["id"]}
    begun: dict[str, Any] = {**item, "status": "in_progress"}
    middle: list[dict[str, Any]] = []
    if kind == "message":
        begun["content"] = []
        part = item["content"][0]
        text, empty = part["text"], {**part, "text": ""}
        at = {**at, "content_index": 0}
        half = len(text) // 2
        middle = [
            {"type": "response.content_part.added", "part": empty, **at},
            *(
                {"type": "response.output_text.delta", "delta": d, "logprobs": [], **at}
                for d in (text[:half], text[half:])
            ),
            {"type": "response.output_text.done", "text": text, "logprobs": [], **at},
            {"type": "response.content_part.done", "part": part, **at},
        ]
    elif kind == "function_call":
        begun["arguments"] = ""
        delta = "response.function_call_arguments.delta"
        done = {"type": "response.function_call_arguments.done", "name": item["name"]}
        pieces = [item["arguments"][:2], item["arguments"][2:]]
        middle = [{"type": delta, "delta": p, **at} for p in pieces if p]
        middle.append({**done, "arguments": item["arguments"], **at})
    else:
        begun = {"type": "reasoning", "id": item["id"], "summary": []}
        part, at = item["summary"][0], {**at, "summary_index": 0}
        kind = "response.reasoning_summary_"
        middle = [
            {"type": f"{kind}part.added", "part": {**part, "text": ""}, **at},
            {"type": f"{kind}text.delta", "delta": part["text"], **at},
            {"type": f"{kind}text.done", "text": part["text"], **at},
            {"type": f"{kind}part.done", "part": part, **at},
        ]
    place_of = {"output_index": place}
    return [
        {"type": "response.output_item.added", "item": begun, **place_of},
        *middle,
        {"type": "response.output_item.done", "item": item, **place_of},
    ]


def stream_events(script: Script, model: str) -> list[bytes]:
    """Return the events of a whole stream."""
    begun = body(script, model, "in_progress")
    found: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for place, item in enumerate(script.items):
        found += _item_events(place, item)
    ended = body(script, model, script.status)
    found.append({"type": f"response.{script.status}", "response": ended})
    return [_event({**value, "sequence_number": i}) for i, value in enumerate(found)]


def _event(value: Mapping[str, Any]) -> bytes:
    data = json.dumps(value, ensure_ascii=False).encode()
    return b"event: " + str(value["type"]).encode() + b"\ndata: " + data + b"\n\n"


_LONG = "Your input exceeds the context window of this model."
ERRORS: Mapping[str, tuple[int, dict[str, Any], dict[str, str]]] = {
    "gpt-5-error-long": (400, error(_LONG, "context_length_exceeded"), {}),
    "gpt-5-error-quota": (429, error("You exceeded your current quota", "insufficient_quota"), {}),
    "gpt-5-error-429": (
        429,
        error("Rate limit reached", "rate_limit_exceeded"),
        {"retry_after": str(RETRY_AFTER_S), "retry_after_ms": str(RETRY_AFTER_S * 1000)},
    ),
    "gpt-5-error-500": (500, error("The server had an error"), {}),
}


class FakeOpenAICloud(FakeServer):
    """`with FakeOpenAICloud(key) as server: f"{server.url}/v1"`."""

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self.key = key

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Route one request."""
        if self.key and call.headers.get("authorization") != f"Bearer {self.key}":
            await wire.json(401, error("Incorrect API key provided", "invalid_api_key"))
        elif (call.method, call.path) == ("GET", "/v1/models"):
            names = [*MODELS, *CHAT_MODELS, *OTHERS]
            listed = [{"id": n, "object": "model", "created": 1, "owned_by": "x"} for n in names]
            await wire.json(200, {"object": "list", "data": listed})
        elif fault := _fault(call):
            await wire.json(400, error(fault, "unsupported_parameter"))
        elif (found := ERRORS.get(str(call.data.get("model")))) is not None:
            await wire.json(found[0], found[1], **found[2])
        elif call.path == "/v1/responses":
            await self._respond(call, wire)
        else:
            await self._chat(call, wire)

    @staticmethod
    async def _respond(call: Call, wire: Wire) -> None:
        model = str(call.data["model"])
        script = MODELS.get(model, MODELS["gpt-5.1"])
        if not call.data.get("stream"):
            await wire.json(200, body(script, model, script.status), **LIMIT_HEADERS)
            return
        more = LAST_ONE if model == "gpt-5-last" else LIMIT_HEADERS
        await wire.head(200, SSE, transfer_encoding="chunked", **more)
        found = stream_events(script, model)
        if model == "gpt-5-broken-failed":
            told = {"code": "server_error", "message": "The model failed"}
            ended = {**body(script, model, "failed"), "error": told}
            found = [*found[:4], _event({"type": "response.failed", "response": ended})]
        elif model == "gpt-5-broken-error":
            told = {"type": "error", "code": "rate_limit_exceeded", "message": "slow down"}
            found = [*found[:4], _event(told)]
        elif model == "gpt-5-broken-end":
            found = found[:-1]
        for data in found:
            await wire.chunk(data)
        await wire.end()

    @staticmethod
    async def _chat(call: Call, wire: Wire) -> None:
        script = CHAT_MODELS.get(str(call.data.get("model")), ChatScript())
        if not call.data.get("stream"):
            await wire.json(200, whole(script, call.data), **LIMIT_HEADERS)
            return
        await wire.head(200, SSE, transfer_encoding="chunked", **LIMIT_HEADERS)
        for data in [*events(script, call.data), DONE]:
            await wire.chunk(data)
        await wire.end()


def _fault(call: Call) -> str:
    """Return what the real API would refuse a body for."""
    model, sent = str(call.data.get("model")), set(call.data)
    if call.path == "/v1/responses":
        if {"messages", "max_tokens"} & sent or "input" not in sent:
            return "Unknown parameter"
        return _order_fault(call.data["input"])
    if "codex" in model:
        return "This model is only supported in v1/responses"
    refused = {"max_tokens", "temperature", "top_p", "stop"} & sent
    return (
        f"Unsupported parameter: {refused}" if model.startswith(("o", "gpt-5")) and refused else ""
    )


def _order_fault(items: Any) -> str:
    for place, item in enumerate(items if isinstance(items, list) else ()):
        following = items[place + 1]["type"] if place + 1 < len(items) else ""
        if item["type"] == "reasoning" and following not in ("message", "function_call"):
            return (
                "Item 'rs_1' of type 'reasoning' was provided without its required following item"
            )
    return ""

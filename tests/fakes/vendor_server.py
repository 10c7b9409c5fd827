"""Clouds that speak OpenAI's chat, over a real socket, each as its own reference tells it.

One server plays one vendor: its listing, what it refuses, and how its answers differ.
Sources: API references of DeepSeek, Mistral, xAI, OpenRouter, Groq, Cerebras and Together.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire
from tests.fakes.openai_chunks import DONE, Script, error, event, events, whole

Body = dict[str, Any]
SCRIPT = Script(thinking="Let me see.")
CALLER = Script(tool_calls=(("edit", '{"path": "ä.py"}'),))

_MISTRAL = {"completion_chat": True, "function_calling": True, "vision": False}
LISTINGS: Mapping[str, Any] = {
    "deepseek": {"object": "list", "data": [{"id": "deepseek-chat", "object": "model"}]},
    "mistral": {
        "object": "list",
        "data": [
            {
                "id": "codestral-latest",
                "capabilities": {**_MISTRAL, "completion_fim": True},
                "max_context_length": 256_000,
            },
            {"id": "mistral-embed", "capabilities": {"completion_chat": False}},
            {"id": "mistral-ocr", "capabilities": {"completion_chat": True}},
            {"id": "classifier", "capabilities": {"completion_chat": False}},
        ],
    },
    "xai": {
        "models": [
            {
                "id": "grok-4",
                "aliases": ["grok-4-latest"],
                "input_modalities": ["text", "image"],
                "output_modalities": ["text"],
                "prompt_text_token_price": 30_000,
                "cached_prompt_text_token_price": 7_500,
                "completion_text_token_price": 150_000,
            }
        ]
    },
    "openrouter": {
        "data": [
            {
                "id": "anthropic/claude-sonnet-4.5",
                "context_length": 1_000_000,
                "architecture": {
                    "input_modalities": ["text", "image"],
                    "output_modalities": ["text"],
                },
                "pricing": {
                    "prompt": "0.000003",
                    "completion": "0.000015",
                    "input_cache_read": "0.0000003",
                },
                "top_provider": {"max_completion_tokens": 64_000},
                "supported_parameters": ["tools", "structured_outputs", "reasoning"],
            },
            {"id": "a/painter", "architecture": {"output_modalities": ["image"]}},
            {"id": "b/free", "pricing": {"prompt": "-1", "completion": "x"}},
        ]
    },
    "groq": {
        "object": "list",
        "data": [
            {
                "id": "openai/gpt-oss-120b",
                "active": True,
                "context_window": 131_072,
                "max_completion_tokens": 65_536,
            },
            {"id": "old", "active": False, "context_window": 8192},
            {"id": "whisper-large-v3", "active": True},
        ],
    },
    "cerebras": {"object": "list", "data": [{"id": "qwen-3-coder-480b", "object": "model"}]},
    "together": [
        {
            "id": "Qwen/Qwen3-Coder",
            "type": "chat",
            "context_length": 262_144,
            "pricing": {"input": 2, "output": 2.5, "hourly": 0},
        },
        {"id": "black-forest/flux", "type": "picture"},
    ],
}


def _mistral_fault(body: Body) -> str:
    if {"stream_options", "seed", "max_completion_tokens", "user"} & set(body):
        return "Extra inputs are not permitted"
    if body.get("tool_choice") == "required":
        return "Input should be 'auto', 'none' or 'any'"
    ids = re.findall(r'"(?:tool_call_id|id)": "([^"]*)"', json.dumps(body.get("messages")))
    if bad := [i for i in ids if not re.fullmatch(r"[A-Za-z0-9]{9}", i)]:
        return f"Tool call id was {bad[0]} but must be a-z, A-Z, 0-9, with a length of 9."
    return ""


def _deepseek_fault(body: Body) -> str:
    kind = (body.get("response_format") or {}).get("type")
    return "This response_format type is unavailable now" if kind == "json_schema" else ""


def _xai_fault(body: Body) -> str:
    return "Argument not supported on this model: stop" if "stop" in body else ""


FILLS = {"deepseek": "/v1/beta/completions", "mistral": "/v1/fim/completions"}
FAULTS: Mapping[str, Callable[[Body], str]] = {
    "mistral": _mistral_fault,
    "deepseek": _deepseek_fault,
    "xai": _xai_fault,
}


def _deepseek(obj: Body) -> Body:
    if usage := obj.get("usage"):
        cached = usage.pop("prompt_tokens_details")["cached_tokens"]
        usage |= {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": 4}
    return obj


def _mistral(obj: Body) -> Body:
    """Thinking is a part of the content, and the reason for a full window has its own name."""
    for choice in obj["choices"]:
        said = choice.get("delta") or choice.get("message") or {}
        if thought := said.pop("reasoning_content", None):
            inner = {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}
            text = said.get("content")
            said["content"] = [inner, *([{"type": "text", "text": text}] if text else [])]
        if choice.get("finish_reason") == "length":
            choice["finish_reason"] = "model_length"
    return obj


def _groq(obj: Body) -> Body:
    if obj.get("usage") and obj["object"].endswith("chunk"):
        obj["x_groq"] = {"id": "req", "usage": obj.pop("usage")}
    for choice in obj["choices"]:
        said = choice.get("delta") or choice.get("message") or {}
        if thought := said.pop("reasoning_content", None):
            said["reasoning"] = thought
    return obj


ANSWERS: Mapping[str, Callable[[Body], Body]] = {
    "deepseek": _deepseek,
    "mistral": _mistral,
    "groq": _groq,
}


class FakeVendor(FakeServer):
    """`with FakeVendor("mistral", key) as server: f"{server.url}/v1"`."""

    def __init__(self, kind: str, key: str = "") -> None:
        super().__init__()
        self.kind = kind
        self.key = key

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Route one request."""
        listing = "/v1/language-models" if self.kind == "xai" else "/v1/models"
        if self.key and call.headers.get("authorization") != f"Bearer {self.key}":
            await wire.json(401, error("Unauthorized"))
        elif (call.method, call.path) == ("GET", listing):
            await wire.json(200, LISTINGS[self.kind])
        elif call.path == "/v1/embeddings":
            data = [{"index": i, "embedding": [0.5, 1.0]} for i, _ in enumerate(call.data["input"])]
            await wire.json(200, {"data": data, "usage": {"prompt_tokens": 4}})
        elif call.path in FILLS.get(self.kind, ""):
            await self._fill(call, wire)
        elif call.path != "/v1/chat/completions":
            await wire.json(404, error("Not found"))
        elif fault := FAULTS.get(self.kind, lambda _: "")(call.data):
            await wire.json(422, error(fault))
        elif str(call.data.get("model")).startswith("error-"):
            status = int(str(call.data["model"]).removeprefix("error-"))
            await wire.json(status, error("Insufficient Balance"), retry_after="5")
        else:
            await self._complete(call, wire)

    async def _fill(self, call: Call, wire: Wire) -> None:
        """Fill a gap: DeepSeek in the older format with `text`, Mistral in that of chat."""
        said: Body = {"finish_reason": "stop", "index": 0}
        text = f"<{call.data['prompt']}|{call.data['suffix']}>"
        streamed = bool(call.data.get("stream"))
        if self.kind == "deepseek":
            said["text"] = text
        else:
            said["delta" if streamed else "message"] = {"role": "assistant", "content": text}
        told = {"choices": [said], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
        if not streamed:
            await wire.json(200, told)
            return
        await wire.begin("text/event-stream")
        await wire.chunk(event(told) + DONE)
        await wire.end()

    async def _complete(self, call: Call, wire: Wire) -> None:
        script = {"caller": CALLER, "full": Script(finish="length")}.get(
            str(call.data.get("model")), SCRIPT
        )
        change = ANSWERS.get(self.kind, lambda obj: obj)
        if not call.data.get("stream"):
            await wire.json(200, change(whole(script, call.data)))
            return
        # Mistral counts without being asked to.
        asked = {**call.data, "stream_options": {"include_usage": True}}
        await wire.begin("text/event-stream")
        for data in events(script, asked):
            await wire.chunk(event(change(json.loads(data.removeprefix(b"data: ")))))
        if call.data.get("model") == "broken":
            await wire.chunk(event(error("Provider returned error")))
        await wire.chunk(DONE)
        await wire.end()

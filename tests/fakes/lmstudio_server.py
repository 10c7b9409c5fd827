"""A fake LM Studio over a real socket: its REST API, its SDK's WebSockets, OpenAI's endpoints.

Source: LM Studio docs, "REST API v1" (list, load, unload), "OpenAI compatibility". The judge of the
chat half is OpenAI's SDK, of the WebSockets LM Studio's own; the REST half follows the documents'
examples field by field.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire
from tests.fakes.lmstudio_socket import LMStudioSocket
from tests.fakes.openai_chunks import DONE, Script, error, events, whole

DEFAULT_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class Downloaded:
    """One model on its disk."""

    key: str = "qwen/qwen2.5-coder-7b"
    kind: str = "llm"
    params: str = "7B"
    size_bytes: int = 4_683_087_332
    max_context: int = 32_768
    vision: bool = False
    tools: bool = True
    load_s: float = 0.0
    script: Script = Script()  # noqa: RUF009  # frozen


CODER = Downloaded()
SEER = Downloaded("qwen/qwen2.5-vl-7b", vision=True, tools=False)
CALLER = Downloaded("caller-7b", script=Script(tool_calls=(("edit", '{"path": "ä.py"}'),)))
EMBEDDER = Downloaded("text-embedding-nomic-embed-text-v1.5", "embedding", max_context=2048)


class FakeLMStudio(FakeServer):
    """`with FakeLMStudio(CODER) as server: server.url`. `loads` are (model, window), in order.

    `old`: before 0.4.0, which knows its SDK and OpenAI's endpoints and no REST v1.
    """

    def __init__(self, *models: Downloaded, token: str = "", old: bool = False) -> None:
        super().__init__()
        self.models = {m.key: m for m in models or (CODER, SEER, CALLER, EMBEDDER)}
        self.token = token
        self.old = old
        self.loaded: dict[str, int] = {}
        self.loads: list[tuple[str, int]] = []
        # By the SDK alone: REST has no such field.
        self.ttls_s: dict[str, float] = {}
        self.has_sdk = not token

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Route one request."""
        path = call.path.partition("?")[0]
        answers = {
            "/v1/chat/completions": self._chat,
            "/v1/completions": self._complete,
            "/v1/embeddings": self._embed,
        }
        if not self.old:
            answers |= {
                "/api/v1/models": self._list,
                "/api/v1/models/load": self._load_call,
                "/api/v1/models/unload": self._unload,
            }
        if self.token and call.headers.get("authorization") != f"Bearer {self.token}":
            await wire.json(401, error("Invalid API token"))
        elif path == "/lmstudio-greeting" and self.has_sdk:
            await wire.json(200, {"lmstudio": True})
        elif path in ("/system", "/llm", "/embedding") and self.has_sdk:
            await LMStudioSocket(self, path[1:], wire).talk(call)
        elif path in answers:
            await answers[path](call, wire)
        else:
            await wire.json(404, error(f"Unexpected endpoint or method. ({call.method} {path})"))

    async def _list(self, _: Call, wire: Wire) -> None:
        await wire.json(200, {"models": [self._listed(model) for model in self.models.values()]})

    def _listed(self, model: Downloaded) -> dict[str, Any]:
        window = self.loaded.get(model.key)
        config = {"context_length": window}
        instances = [{"id": model.key, "config": config}] if window else []
        told: dict[str, Any] = {
            "type": model.kind,
            "publisher": "lmstudio-community",
            "key": model.key,
            "display_name": model.key.title(),
            "quantization": {"name": "Q4_K_M", "bits_per_weight": 4},
            "size_bytes": model.size_bytes,
            "params_string": model.params,
            "loaded_instances": instances,
            "max_context_length": model.max_context,
            "format": "gguf",
        }
        if model.kind == "llm":
            able = {"vision": model.vision, "trained_for_tool_use": model.tools}
            told |= {"architecture": "qwen2", "capabilities": able, "description": None}
        return told

    async def load(self, model: Downloaded, window: int) -> None:
        await asyncio.sleep(model.load_s)
        self.loaded[model.key] = window
        self.loads.append((model.key, window))

    async def _load_call(self, call: Call, wire: Wire) -> None:
        model = self.models.get(str(call.data.get("model")))
        if model is None:
            await wire.json(400, error("Model not found"))
            return
        if model.key.startswith("huge"):
            await wire.json(500, error("Failed to load model: insufficient system resources"))
            return
        window = int(call.data.get("context_length") or DEFAULT_WINDOW)
        await self.load(model, window)
        told: dict[str, Any] = {
            "type": model.kind,
            "instance_id": model.key,
            "load_time_seconds": 9.099,
            "status": "loaded",
        }
        if call.data.get("echo_load_config"):
            told["load_config"] = {"context_length": window, "flash_attention": True}
        await wire.json(200, told)

    async def _unload(self, call: Call, wire: Wire) -> None:
        identity = str(call.data.get("instance_id"))
        if self.loaded.pop(identity, None) is None:
            await wire.json(404, error("No such instance"))
        else:
            await wire.json(200, {"instance_id": identity})

    async def _ready(self, call: Call, wire: Wire) -> Downloaded | None:
        """Load just in time, with a window of its own choice, as the real one does."""
        model = self.models.get(str(call.data.get("model")))
        if model is None:
            await wire.json(404, error("Model not found", "model_not_found"))
            return None
        if model.key not in self.loaded:
            await self.load(model, DEFAULT_WINDOW)
        return model

    async def _chat(self, call: Call, wire: Wire) -> None:
        if (model := await self._ready(call, wire)) is None:
            return
        words = sum(len(str(m.get("content")).split()) for m in call.data.get("messages") or ())
        if words > self.loaded[model.key]:
            text = (
                "The number of tokens to keep from the initial prompt is greater than the context"
            )
            await wire.json(400, error(f"{text} length"))
        elif call.data.get("stream"):
            await wire.begin("text/event-stream")
            for data in [*events(model.script, call.data), DONE]:
                await wire.chunk(data)
            await wire.end()
        else:
            await wire.json(200, whole(model.script, call.data))

    async def _complete(self, call: Call, wire: Wire) -> None:
        """The older endpoint: no chat template, the prompt as it stands."""
        if await self._ready(call, wire) is None:
            return
        head = {"id": "cmpl-1", "object": "text_completion", "model": call.data["model"]}
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        if not call.data.get("stream"):
            choice = {"index": 0, "text": "return x", "finish_reason": "stop"}
            await wire.json(200, {**head, "choices": [choice], "usage": usage})
            return
        await wire.begin("text/event-stream")
        for text, reason in (("return", None), (" x", None), ("", "stop")):
            choice = {"index": 0, "text": text, "finish_reason": reason}
            await wire.chunk(f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode())
        told = {**head, "choices": [], "usage": usage}
        await wire.chunk(f"data: {json.dumps(told)}\n\n".encode() + DONE)
        await wire.end()

    async def _embed(self, call: Call, wire: Wire) -> None:
        if await self._ready(call, wire) is None:
            return
        given = call.data.get("input")
        texts = [given] if isinstance(given, str) else given
        vectors: list[Mapping[str, Any]] = [
            {"object": "embedding", "embedding": [float(len(text)), 0.5], "index": i}
            for i, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        model = call.data["model"]
        told = {"object": "list", "data": vectors[::-1], "model": model, "usage": usage}
        await wire.json(200, told)

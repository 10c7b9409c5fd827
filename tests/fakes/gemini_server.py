"""Google's Gemini API over a real socket, healthy or broken as the model's name says.

Source: Gemini API reference ("generateContent", "models.list", errors of google.rpc.Status). The
official SDK is the judge (`test_gemini_server.py`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire

RETRY_AFTER_S = 34
SIGNATURE = "c2lnbmVkLWJ5LWdlbWluaQ=="


@dataclass(frozen=True, slots=True)
class Script:
    """One model's answer: its parts, one a chunk."""

    parts: tuple[Mapping[str, Any], ...] = ({"text": "Größere Äpfel "}, {"text": "reifen 🍏."})
    finish: str = "STOP"
    prompt: int = 20
    cached: int = 8
    made: int = 5
    thoughts: int = 0

    @property
    def usage(self) -> dict[str, int]:
        """The counts at the end."""
        return {
            "promptTokenCount": self.prompt,
            "cachedContentTokenCount": self.cached,
            "candidatesTokenCount": self.made,
            "thoughtsTokenCount": self.thoughts,
            "totalTokenCount": self.prompt + self.made + self.thoughts,
        }


MODELS = {
    "gemini-2.5-flash": Script(),
    "gemini-thinker": Script(
        (
            {"text": "Let me see.", "thought": True},
            {"text": "Done.", "thoughtSignature": SIGNATURE},
        ),
        thoughts=40,
    ),
    "gemini-caller": Script(
        (
            {
                "functionCall": {"id": "f1", "name": "edit", "args": {"path": "ä.py"}},
                "thoughtSignature": SIGNATURE,
            },
            {"functionCall": {"name": "now", "args": {}}},
        )
    ),
    "gemini-brief": Script(finish="MAX_TOKENS"),
    "gemini-careful": Script((), finish="SAFETY"),
}


def error(code: int, status: str, message: str, *details: Mapping[str, Any]) -> dict[str, Any]:
    """Return an error body."""
    told = {"code": code, "message": message, "status": status}
    return {"error": {**told, "details": list(details)} if details else told}


_RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{RETRY_AFTER_S}s"}
ERRORS: Mapping[str, tuple[int, dict[str, Any]]] = {
    "error-400": (400, error(400, "INVALID_ARGUMENT", "Please ensure that function call turn")),
    "error-long": (
        400,
        error(400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum"),
    ),
    "error-key": (400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid")),
    "error-403": (403, error(403, "PERMISSION_DENIED", "Generative Language API is disabled")),
    "error-429": (429, error(429, "RESOURCE_EXHAUSTED", "You exceeded your quota", _RETRY)),
    "error-500": (500, error(500, "INTERNAL", "An internal error has occurred")),
    "error-503": (503, error(503, "UNAVAILABLE", "The model is overloaded")),
}


def chunks(script: Script, model: str) -> list[dict[str, Any]]:
    """Return the objects of a stream; counts are in each, as they stand."""
    head = {"modelVersion": model, "responseId": "fake"}
    parts = [[part] for part in script.parts] or [[]]
    found = [
        {
            "candidates": [{"content": {"role": "model", "parts": part}, "index": 0}],
            "usageMetadata": {"promptTokenCount": script.prompt, "totalTokenCount": script.prompt},
            **head,
        }
        for part in parts
    ]
    found[-1]["candidates"][0]["finishReason"] = script.finish
    found[-1]["usageMetadata"] = script.usage
    return found


def whole(script: Script, model: str) -> dict[str, Any]:
    """Return an answer that is not streamed."""
    content = {"role": "model", "parts": list(script.parts)}
    candidate = {"content": content, "finishReason": script.finish, "index": 0}
    return {"candidates": [candidate], "usageMetadata": script.usage, "modelVersion": model}


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\r\n\r\n"


class FakeGemini(FakeServer):
    """`with FakeGemini(key) as server: server.url`; listing pages hold two models each."""

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self.key = key

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Route one request."""
        path, _, query = call.path.partition("?")
        # Both versions are served; the SDK asks for the stable one.
        path = path.replace("/v1/", "/v1beta/", 1)
        if self.key and call.headers.get("x-goog-api-key") != self.key:
            await wire.json(400, ERRORS["error-key"][1])
        elif (call.method, path) == ("GET", "/v1beta/models"):
            await wire.json(200, self._page(query))
        elif path.startswith("/v1beta/models/") and ":" in path:
            model, _, verb = path.removeprefix("/v1beta/models/").rpartition(":")
            await self._generate(model, verb, call, wire)
        else:
            await wire.json(404, error(404, "NOT_FOUND", "no such method"))

    @staticmethod
    def _page(query: str) -> dict[str, Any]:
        names = [*MODELS, "text-embedding-004"]
        pairs = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
        start = int(pairs.get("pageToken", "0"))
        items = [
            {
                "name": f"models/{name}",
                "displayName": name,
                "inputTokenLimit": 1_048_576,
                "outputTokenLimit": 65_536,
                "supportedGenerationMethods": ["embedContent"]
                if "embedding" in name
                else ["generateContent", "countTokens"],
                "thinking": name == "gemini-thinker",
            }
            for name in names[start : start + 2]
        ]
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(names) else {}
        return {"models": items, **more}

    async def _generate(self, model: str, verb: str, call: Call, wire: Wire) -> None:
        if verb == "batchEmbedContents":
            texts = [one["content"]["parts"][0]["text"] for one in call.data["requests"]]
            told = [{"values": [float(len(text)), 0.5]} for text in texts]
            await wire.json(200, {"embeddings": told})
        elif fault := _fault(call.data, model):
            await wire.json(400, error(400, "INVALID_ARGUMENT", fault))
        elif model in ERRORS:
            await wire.json(*ERRORS[model])
        elif model.startswith("broken-"):
            await self._broken(model, wire)
        elif model not in MODELS:
            await wire.json(404, error(404, "NOT_FOUND", f"models/{model} is not found"))
        elif verb == "generateContent":
            await wire.json(200, whole(MODELS[model], model))
        else:
            await wire.begin("text/event-stream")
            for value in chunks(MODELS[model], model):
                await wire.chunk(_event(value))
            await wire.end()

    @staticmethod
    async def _broken(model: str, wire: Wire) -> None:
        """Begin well, then fail."""
        good = chunks(Script(), model)
        await wire.begin("text/event-stream")
        await wire.chunk(_event(good[0]))
        if model == "broken-call":
            await wire.chunk(_event({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]}))
        elif model == "broken-error":
            await wire.chunk(_event(error(503, "UNAVAILABLE", "The model is overloaded")))
        elif model == "broken-event":
            await wire.chunk(b'data: {"candidates": [')
        await wire.end()


def _fault(body: Mapping[str, Any], model: str) -> str:
    """Return what the real API would refuse a body for."""
    if not body.get("contents"):
        return "GenerateContentRequest.contents: contents is not specified"
    config = body.get("generationConfig") or {}
    if "thinkingConfig" in config and model in MODELS and model != "gemini-thinker":
        return "Thinking is not enabled for this model"
    for turn in body["contents"]:
        calls = [part for part in turn["parts"] if "functionCall" in part]
        if calls and not calls[0].get("thoughtSignature"):
            return "Function call is missing a thought_signature in functionCall parts"
    return ""

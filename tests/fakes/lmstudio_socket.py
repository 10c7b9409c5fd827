"""The WebSocket half of the fake LM Studio: JSON calls and channels, as its SDK 1.5 speaks them."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

import wsproto
from wsproto import events

from tests.fakes.http_server import Call, Wire

# RFC 6455, section 1.3.
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Model(Protocol):
    """A downloaded model (lmstudio_server.Downloaded)."""

    key: str
    kind: str
    params: str
    size_bytes: int
    max_context: int
    vision: bool
    tools: bool


class Server(Protocol):
    """What of the fake a socket needs (lmstudio_server.FakeLMStudio)."""

    models: Mapping[str, Any]
    loaded: dict[str, int]
    ttls_s: dict[str, float]

    async def load(self, model: Any, window: int) -> None:
        """Load a model with a window."""


class LMStudioSocket:
    """One connection of one namespace: system, llm or embedding."""

    def __init__(self, server: Server, namespace: str, wire: Wire) -> None:
        self._server = server
        self._namespace = namespace
        self._wire = wire
        self._frames = wsproto.Connection(wsproto.ConnectionType.SERVER)

    async def talk(self, call: Call) -> None:
        """Shake hands, let the client name itself, and answer until it closes."""
        key = call.headers["sec-websocket-key"] + _GUID
        accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest())
        lines = ["HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: upgrade"]
        lines.append(f"sec-websocket-accept: {accept.decode()}")
        await self._wire.send("\r\n".join([*lines, "", ""]).encode())
        named, text = False, ""
        while True:
            self._frames.receive_data(await self._wire.upgraded())
            for event in self._frames.events():
                match event:
                    case events.TextMessage():
                        text += event.data
                        if event.message_finished:
                            message, text = json.loads(text), ""
                            await (self._take(message) if named else self._named(message))
                            named = True
                    case events.Ping():
                        await self._wire.send(self._frames.send(event.response()))
                    case events.CloseConnection():
                        await self._wire.send(self._frames.send(event.response()))
                        self._wire.finish()
                        return

    async def _say(self, **message: Any) -> None:
        await self._wire.send(self._frames.send(events.TextMessage(json.dumps(message))))

    async def _named(self, message: Mapping[str, Any]) -> None:
        assert set(message) == {"authVersion", "clientIdentifier", "clientPasskey"}
        await self._say(success=True)

    async def _take(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "rpcCall":
            await self._answer(message)
        elif message["type"] == "channelCreate" and message["endpoint"] == "loadModel":
            await self._load(message["channelId"], message["creationParameter"])

    async def _answer(self, message: Mapping[str, Any]) -> None:
        given = message.get("parameter") or {}
        try:
            result = self._result(message["endpoint"], given)
        except KeyError:
            told = {"title": f"No model found for {json.dumps(given)}"}
            await self._say(type="rpcError", callId=message["callId"], error=told)
            return
        more = {} if result is None else {"result": result}
        await self._say(type="rpcResult", callId=message["callId"], **more)

    def _result(self, endpoint: str, given: Mapping[str, Any]) -> Any:
        models, loaded = self._server.models, self._server.loaded
        match endpoint:
            case "listDownloadedModels":
                return [_info(model) for model in models.values()]
            case "listLoaded":
                here = [models[key] for key in loaded if models[key].kind == self._namespace]
                return [_instance(model, loaded[model.key]) for model in here]
            case "getModelInfo":
                key = given["specifier"]["query"]["identifier"]
                return _instance(models[key], loaded[key])
            case "unloadModel":
                del loaded[given["identifier"]]
        return None

    async def _load(self, channel: int, given: Mapping[str, Any]) -> None:
        model = self._server.models.get(given["modelKey"])
        if model is None or model.key.startswith("huge"):
            why = "insufficient system resources" if model else "model not found"
            told = {"title": f"Failed to load model: {why}"}
            await self._say(type="channelError", channelId=channel, error=told)
            return
        layers = given["loadConfigStack"]["layers"]
        fields = {f["key"]: f["value"] for layer in layers for f in layer["config"]["fields"]}
        window = fields.get(f"{model.kind}.load.contextLength", 4096)
        for share in (0.0, 0.5, 1.0):
            told = {"type": "progress", "progress": share}
            await self._say(type="channelSend", channelId=channel, message=told)
            await asyncio.sleep(0)
        await self._server.load(model, window)
        if "ttlMs" in given:
            self._server.ttls_s[model.key] = given["ttlMs"] / 1000
        done = {"type": "success", "info": _instance(model, window)}
        await self._say(type="channelSend", channelId=channel, message=done)
        await self._say(type="channelClose", channelId=channel)


def _info(model: Model) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": model.kind,
        "modelKey": model.key,
        "format": "gguf",
        "displayName": model.key.title(),
        "path": f"{model.key}.gguf",
        "sizeBytes": model.size_bytes,
        "maxContextLength": model.max_context,
        "paramsString": model.params,
        "architecture": "qwen2",
    }
    if model.kind == "llm":
        told |= {"vision": model.vision, "trainedForToolUse": model.tools}
    return told


def _instance(model: Model, window: int) -> dict[str, Any]:
    reference = {"identifier": model.key, "instanceReference": f"ref-{model.key}"}
    return {**_info(model), **reference, "contextLength": window}

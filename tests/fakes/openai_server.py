"""An OpenAI-compatible upstream over a real socket, healthy or broken as the model's name says."""

import gzip
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire
from tests.fakes.openai_chunks import DONE, Script, error, event, events, whole

SSE = "text/event-stream"
JSON = "application/json"
HUGE_EVENT_BYTES = 9 * 1024 * 1024
HUGE_ANSWER_BYTES = 66 * 1024 * 1024
RETRY_AFTER_S = 7
Behaviour = Callable[[Call, Wire], Coroutine[Any, Any, None]]


def _streamed(call: Call) -> bool:
    return bool(call.data.get("stream"))


async def _some(call: Call, wire: Wire) -> None:
    """Send the beginning of a good answer: two pieces of text, or half the JSON."""
    if _streamed(call):
        await wire.begin(SSE)
        for data in events(Script(), call.data)[:3]:
            await wire.chunk(data)
        return
    body = json.dumps(whole(Script(), call.data)).encode()
    await wire.begin(JSON)
    await wire.chunk(body[: len(body) // 2])


async def _instead(call: Call, wire: Wire, stream: list[bytes], other: bytes) -> None:
    """Send a proper HTTP answer with the wrong content."""
    await wire.begin(SSE if _streamed(call) else JSON)
    for data in stream if _streamed(call) else [other]:
        await wire.chunk(data)
    await wire.end()


async def _hang_before_headers(_: Call, wire: Wire) -> None:
    await wire.silence()


async def _reset_before_headers(_: Call, wire: Wire) -> None:
    wire.reset()


async def _close_before_headers(_: Call, wire: Wire) -> None:
    wire.finish()


def _status(status: int, body: Any, **headers: str) -> Behaviour:
    async def answer(_: Call, wire: Wire) -> None:
        await wire.json(status, body, **headers)

    return answer


async def _echoing_422(call: Call, wire: Wire) -> None:
    """As FastAPI does: the error quotes what was sent."""
    told = {"type": "value_error", "loc": ["body"], "msg": "Bad value", "input": call.data}
    await wire.json(422, {"detail": [told]})


async def _html(_: Call, wire: Wire) -> None:
    await wire.whole(200, "text/html", b"<html><h1>Hotel Wi-Fi: please log in</h1></html>")


async def _gzip(call: Call, wire: Wire) -> None:
    body = gzip.compress(b"".join(events(Script(), call.data)) + DONE)
    kind = SSE if _streamed(call) else JSON
    await wire.whole(200, kind, body, content_encoding="gzip")


async def _redirect(_: Call, wire: Wire) -> None:
    await wire.whole(302, "text/plain", b"moved", location="/v1/elsewhere")


async def _no_finish(call: Call, wire: Wire) -> None:
    """End as politely as a complete answer, without ever saying that it is one."""
    body = whole(Script(), call.data)
    body["choices"][0]["finish_reason"] = None
    await _instead(call, wire, events(Script(), call.data)[:3], json.dumps(body).encode())


async def _close_delimited(call: Call, wire: Wire) -> None:
    """HTTP/1.0 style: no length, the end of the connection is the end; cut in the middle."""
    body = json.dumps(whole(Script(), call.data)).encode()
    stream = b"".join(events(Script(), call.data)[:3])
    await wire.head(200, SSE if _streamed(call) else JSON, connection="close")
    await wire.send(stream if _streamed(call) else body[: len(body) // 2])
    wire.finish()


async def _fin_mid_chunk(call: Call, wire: Wire) -> None:
    await _some(call, wire)
    await wire.send(b'400\r\ndata: {"id":"chatcmpl-fake","choi')
    wire.finish()


async def _rst_mid_stream(call: Call, wire: Wire) -> None:
    await _some(call, wire)
    wire.reset()


async def _hang_mid_stream(call: Call, wire: Wire) -> None:
    await _some(call, wire)
    await wire.silence()


async def _broken_json(call: Call, wire: Wire) -> None:
    good = events(Script(), call.data)
    await _instead(call, wire, [*good[:3], b'data: {"choices":[{\n\n', *good[3:], DONE], b"{")


async def _no_blank_lines(call: Call, wire: Wire) -> None:
    good = [data.replace(b"\n\n", b"\n") for data in [*events(Script(), call.data), DONE]]
    await _instead(call, wire, good, b"{}")


async def _error_event(call: Call, wire: Wire) -> None:
    told = error("CUDA error: out of memory")
    stream = [*events(Script(), call.data)[:3], event(told), DONE]
    await _instead(call, wire, stream, json.dumps(told).encode())


async def _not_an_object(call: Call, wire: Wire) -> None:
    await _instead(call, wire, [event(17), DONE], b"[]")


async def _huge_event(call: Call, wire: Wire) -> None:
    kind, size = (SSE, HUGE_EVENT_BYTES) if _streamed(call) else (JSON, HUGE_ANSWER_BYTES)
    await wire.begin(kind)
    await wire.chunk(b"data: ")
    piece = b" " * (1 << 20)
    for _ in range(size >> 20):
        await wire.chunk(piece)
    await wire.end()


async def _split_utf8(call: Call, wire: Wire) -> None:
    """Every byte is a chunk of its own, so every character is cut."""
    await wire.begin(SSE)
    for data in [*events(Script(), call.data), DONE]:
        for byte in data:
            await wire.chunk(bytes((byte,)))
    await wire.end()


async def _no_done(call: Call, wire: Wire) -> None:
    await _instead(call, wire, events(Script(), call.data), b"")


async def _comments_and_crlf(call: Call, wire: Wire) -> None:
    parts = [*events(Script(), call.data), DONE]
    stream = [b": keep-alive\r\n\r\n" + data.replace(b"\n", b"\r\n") for data in parts]
    await _instead(call, wire, [b"\xef\xbb\xbf", *stream], b"")


async def _no_usage(call: Call, wire: Wire) -> None:
    await _instead(call, wire, [*events(Script(), {"model": "x"}), DONE], b"")


class FakeOpenAI(FakeServer):
    """`with FakeOpenAI(...) as server: f"{server.url}/v1"`; all models are listed.

    `FAULTS` are the models that never give a complete answer, streamed or not. `ODDITIES` stream
    a complete answer in an unusual way. `models` are the healthy ones.
    """

    FAULTS: ClassVar[Mapping[str, Behaviour]] = {
        "hang-before-headers": _hang_before_headers,
        "reset-before-headers": _reset_before_headers,
        "close-before-headers": _close_before_headers,
        "status-400": _status(400, error("'messages' holds too many images")),
        "status-401": _status(401, error("Incorrect API key provided", "invalid_api_key")),
        "status-422": _echoing_422,
        "status-429": _status(429, error("Rate limit reached"), retry_after=str(RETRY_AFTER_S)),
        "status-500": _status(500, error("The server had an error")),
        "status-503": _status(503, error("Loading model")),
        "html": _html,
        "gzip": _gzip,
        "redirect": _redirect,
        "no-finish": _no_finish,
        "close-delimited": _close_delimited,
        "fin-mid-chunk": _fin_mid_chunk,
        "rst-mid-stream": _rst_mid_stream,
        "hang-mid-stream": _hang_mid_stream,
        "broken-json": _broken_json,
        "no-blank-lines": _no_blank_lines,
        "error-event": _error_event,
        "not-an-object": _not_an_object,
        "huge-event": _huge_event,
    }
    ODDITIES: ClassVar[Mapping[str, Behaviour]] = {
        "split-utf8": _split_utf8,
        "no-done": _no_done,
        "comments-and-crlf": _comments_and_crlf,
        "no-usage": _no_usage,
    }

    def __init__(
        self,
        models: Mapping[str, Script] | None = None,
        *,
        key: str = "",
        owned_by: str = "fake",
        about: Mapping[str, Any] | None = None,
        props: Any = None,
    ) -> None:
        """`about` is added to every listed model, `props` is what /props answers (None: 404)."""
        super().__init__()
        self.models = {"good": Script()} if models is None else dict(models)
        self._key = key
        self._owned_by = owned_by
        self._about = about or {}
        self._props = props

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Route one request."""
        if self._key and call.headers.get("authorization") != f"Bearer {self._key}":
            await wire.json(401, error("Incorrect API key provided", "invalid_api_key"))
        elif (call.method, call.path) == ("GET", "/v1/models"):
            names = [*self.models, *self.FAULTS, *self.ODDITIES]
            await wire.json(200, {"object": "list", "data": [self._listed(n) for n in names]})
        elif (call.method, call.path) == ("GET", "/props") and self._props is not None:
            await wire.json(200, self._props)
        elif (call.method, call.path) == ("POST", "/v1/chat/completions"):
            await self._complete(call, wire)
        else:
            await wire.json(404, error("Not found"))

    def _listed(self, name: str) -> dict[str, Any]:
        head = {"id": name, "object": "model", "created": 1_780_000_000}
        return {**head, "owned_by": self._owned_by, **self._about}

    async def _complete(self, call: Call, wire: Wire) -> None:
        name = call.data.get("model")
        behaviour = self.FAULTS.get(name) or (_streamed(call) and self.ODDITIES.get(name))
        script = self.models.get(name) or (name in self.ODDITIES and Script())
        if behaviour:
            await behaviour(call, wire)
        elif not script:
            await wire.json(404, error(f"The model `{name}` does not exist", "model_not_found"))
        elif _streamed(call):
            await _instead(call, wire, [*events(script, call.data), DONE], b"")
        else:
            await wire.json(200, whole(script, call.data))

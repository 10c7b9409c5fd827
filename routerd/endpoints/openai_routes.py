"""OpenAI's routes: chat completions (streamed and not) and the list of models."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from routerd.core.candidate import Candidate
from routerd.core.errors import RouterdError
from routerd.core.request import Request
from routerd.core.response import Chunk, Progress
from routerd.dialects import openai_chat_door as door
from routerd.endpoints import bodies, guard, views
from routerd.endpoints.house import House, Snapshot
from routerd.journey.attempts import Journal

PLUMBING_NOTICE = (
    "plumbing check, not a model for work: no engine or model was found. "
    "Get one: `routerd pull MODEL`, Ollama, or LM Studio"
)
Header = tuple[bytes, bytes]


class Answer:
    """One answered request as an ASGI response; when the client leaves, the backend is cancelled."""

    def __init__(self, snapshot: Snapshot, request: Request) -> None:
        self._journey = snapshot.journey
        self._request = request
        self._journal = Journal()
        self._started = False
        self._identity = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or the error that came instead."""
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                while (await receive())["type"] != "http.disconnect":
                    continue
                group.cancel_scope.cancel()

            group.start_soon(watch)
            await self._send(send)
            group.cancel_scope.cancel()

    async def _send(self, send: Send) -> None:
        deliver = self._streamed if self._request.wants_stream else self._whole
        try:
            async with aclosing(self._journey.answer(self._request, self._journal)) as chunks:
                await deliver(chunks, send)
        except RouterdError as error:
            if not self._started:
                await self._fail(error, send)
            else:
                event = door.StreamEncoder("", 0).error(error)
                await send({"type": "http.response.body", "body": event})

    async def _fail(self, error: RouterdError, send: Send) -> None:
        body = guard.error_body(error)
        await self._start(send, error.status_hint, b"application/json", len(body))
        await send({"type": "http.response.body", "body": body})

    async def _whole(self, chunks: AsyncGenerator[Chunk], send: Send) -> None:
        async for _ in chunks:
            continue
        response = self._journal.assembler.response(self._model())
        body = door.encode_response(response, f"chatcmpl-{self._id()}", int(time.time()))
        await self._start(send, 200, b"application/json", len(body))
        await send({"type": "http.response.body", "body": body})

    async def _streamed(self, chunks: AsyncGenerator[Chunk], send: Send) -> None:
        encoder: door.StreamEncoder | None = None
        async for chunk in chunks:
            if encoder is None:
                include = self._request.wants_usage
                encoder = door.StreamEncoder(f"chatcmpl-{self._id()}", int(time.time()), include)
                await self._start(send, 200, b"text/event-stream")
            if not isinstance(chunk, Progress):
                encoder.model = self._model()
            data = encoder.encode(chunk)
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _start(self, send: Send, status: int, kind: bytes, length: int | None = None) -> None:
        self._started = True
        headers: list[Header] = [(b"content-type", kind), *self._told()]
        if length is None:
            headers += [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]
        else:
            headers.append((b"content-length", str(length).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})

    def _told(self) -> list[Header]:
        """Headers that say what was decided, as soon as something was."""
        decision = self._journal.decision
        if decision is None:
            return []
        headers = [
            (b"x-routerd-decision", decision.id.encode()),
            (b"x-routerd-reason", bodies.header_text(decision.reason)),
        ]
        candidate = self._candidate()
        if candidate is not None:
            headers.append((b"x-routerd-model", bodies.header_text(candidate.name)))
            if candidate.plumbing:
                headers.append((b"x-routerd-notice", PLUMBING_NOTICE.encode()))
        return headers

    def _candidate(self) -> Candidate | None:
        winner = self._journal.winner
        if winner is None and self._journal.decision is not None:
            winner = self._journal.decision.chosen
        return winner.candidate if winner else None

    def _model(self) -> str:
        candidate = self._candidate()
        return candidate.name if candidate else "none"

    def _id(self) -> str:
        decision = self._journal.decision
        return decision.id if decision else ""


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""

    async def chat_completions(http: HttpRequest) -> Any:
        request = door.decode_request(await bodies.read(http))
        return Answer(house.current(), bodies.with_headers(request, http.headers))

    async def models(_: HttpRequest) -> JSONResponse:
        return JSONResponse({"object": "list", "data": _listed(house.current())})

    return [
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/models", models, methods=["GET"]),
    ]


def _listed(snapshot: Snapshot) -> list[dict[str, Any]]:
    """`auto` and its variants first, then every usable model by the name that pins it."""
    names = ["auto", "auto:fast", "auto:cheap", "auto:best", "auto:local"]
    entries: list[dict[str, Any]] = [
        {"id": name, "object": "model", "created": 0, "owned_by": "routerd"} for name in names
    ]
    for candidate in snapshot.catalogue.candidates():
        if candidate.usable:
            entries.append(
                {
                    "id": candidate.name,
                    "object": "model",
                    "created": 0,
                    "owned_by": candidate.provider,
                    "context_length": candidate.context_tokens or None,
                    "capabilities": views.capabilities(candidate.capabilities),
                }
            )
    return entries

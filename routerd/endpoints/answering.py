"""Sends one answer in the dialect it was asked in; the same way for every dialect."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Receive, Scope, Send

from routerd.core.candidate import Candidate
from routerd.core.errors import RouterdError
from routerd.core.request import Request
from routerd.core.response import Chunk, Native, Progress, Response
from routerd.endpoints import bodies, while_there
from routerd.endpoints.house import Snapshot
from routerd.journey.attempts import Journal

PLUMBING_NOTICE = (
    "plumbing check, not a model for work: no engine or model was found. "
    "Get one: `routerd pull MODEL`, Ollama, or LM Studio"
)
EVENTS, LINES = b"text/event-stream", b"application/x-ndjson"
Header = tuple[bytes, bytes]


class Encoder(Protocol):
    """Encodes the chunks of one answer; `model` is put right before each."""

    model: str

    def encode(self, chunk: Chunk) -> bytes:
        """Return the bytes for one chunk. Raises: RouterdError when it can't be said."""
        ...

    def error(self, error: RouterdError) -> bytes:
        """Return the bytes that say the answer broke off."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """What differs between dialects when an answer is sent.

    `whole` takes (response, request, id, Unix seconds), `stream` all but the response.
    """

    prefix: str
    whole: Callable[[Response, Request, str, int], bytes]
    stream: Callable[[Request, str, int], Encoder]
    error: Callable[[RouterdError], bytes]
    content_type: bytes = EVENTS


def retry_after(error: RouterdError) -> list[Header]:
    """Return the header that says when to ask again, in whole seconds."""
    wait_s = error.retry_after_s
    return [] if wait_s is None else [(b"retry-after", str(max(1, round(wait_s))).encode())]


class Answer:
    """One answered request as an ASGI response; when the client leaves, the backend is cancelled."""

    def __init__(self, snapshot: Snapshot, request: Request, door: Door) -> None:
        self._journey = snapshot.journey
        self._request = request
        self._door = door
        self._journal = Journal()
        self._encoder: Encoder | None = None
        self._started = False
        self._native = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or the error that came instead."""
        await while_there.work(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        deliver = self._streamed if self._request.wants_stream else self._whole
        try:
            async with aclosing(self._journey.answer(self._request, self._journal)) as chunks:
                await deliver(chunks, send)
        except RouterdError as error:
            if not self._started:
                await self._fail(error, send)
            elif self._encoder is not None:
                body = self._encoder.error(error)
                await send({"type": "http.response.body", "body": body})

    async def _fail(self, error: RouterdError, send: Send) -> None:
        body = self._door.error(error)
        more = retry_after(error)
        await self._start(send, error.status_hint, b"application/json", len(body), more)
        await send({"type": "http.response.body", "body": body})

    async def _whole(self, chunks: AsyncGenerator[Chunk], send: Send) -> None:
        async for chunk in chunks:
            self._native = self._native or isinstance(chunk, Native)
        response = self._journal.assembler.response(self._model())
        body = self._door.whole(response, self._request, self._id(), int(time.time()))
        await self._start(send, 200, b"application/json", len(body))
        await send({"type": "http.response.body", "body": body})

    async def _streamed(self, chunks: AsyncGenerator[Chunk], send: Send) -> None:
        async for chunk in chunks:
            self._native = self._native or isinstance(chunk, Native)
            if self._encoder is None:
                self._encoder = self._door.stream(self._request, self._id(), int(time.time()))
                await self._start(send, 200, self._door.content_type)
            if not isinstance(chunk, Progress):
                self._encoder.model = self._model()
            if data := self._encoder.encode(chunk):
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _start(
        self,
        send: Send,
        status: int,
        kind: bytes,
        length: int | None = None,
        more: list[Header] | None = None,
    ) -> None:
        self._started = True
        headers: list[Header] = [(b"content-type", kind), *self._told(), *(more or [])]
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
        if self._request.left_out and not self._native:
            left_out = bodies.header_text(", ".join(self._request.left_out))
            headers.append((b"x-routerd-left-out", left_out))
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
        return self._door.prefix + (decision.id if decision else "")

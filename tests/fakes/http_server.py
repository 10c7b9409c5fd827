"""A small HTTP/1.1 server over a real socket, in a thread of its own, that may misbehave on demand.

It is written on bare streams because the faults that matter (a cut chunk, a reset, silence before
the headers) are what proper HTTP servers are built to prevent.
"""

import asyncio
import contextlib
import json
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

START_TIMEOUT_S = 10.0
_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found", 503: "Unavailable"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came. Header names are lower case; `client` numbers the connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    client: int

    @property
    def data(self) -> Any:
        """The body as JSON; {} where there is none."""
        return json.loads(self.body) if self.body else {}


class Wire:
    """The answering half of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ahead = b""
        self._more = asyncio.Event()
        self.ended_here = False

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: int, kind: str, **headers: str) -> None:
        """Send the status line and the headers; underscores in names become hyphens."""
        lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", f"content-type: {kind}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def whole(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        """Send a complete answer."""
        await self.head(status, kind, content_length=str(len(body)), **headers)
        await self.send(body)

    async def json(self, status: int, value: Any, **headers: str) -> None:
        """Send a complete JSON answer."""
        kind = "application/json; charset=utf-8"
        await self.whole(status, kind, json.dumps(value).encode(), **headers)

    async def begin(self, kind: str) -> None:
        """Begin a chunked answer."""
        await self.head(200, kind, transfer_encoding="chunked")

    async def chunk(self, data: bytes) -> None:
        """Send one chunk, by itself in one packet where the network allows it."""
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self) -> None:
        """End a chunked answer properly."""
        await self.send(b"0\r\n\r\n")

    def finish(self) -> None:
        """Close the connection politely (FIN), wherever the answer stands."""
        self.ended_here = True
        self._writer.close()

    def reset(self) -> None:
        """Close the connection rudely (RST)."""
        self.ended_here = True
        linger = struct.pack("ii", 1, 0)
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    @property
    def closed(self) -> bool:
        """Whether the answering side has closed it."""
        return self._writer.is_closing()

    async def silence(self) -> None:
        """Send nothing for as long as the client stays."""
        await asyncio.Event().wait()

    async def left(self) -> None:
        """Return when the client closes its side."""
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(1):
                self._ahead += data
                self._more.set()
        self._more.set()

    async def upgraded(self) -> bytes:
        """Return what came since, after an upgrade to another protocol; b"" never."""
        while not self._ahead:
            self._more.clear()
            await self._more.wait()
        data, self._ahead = self._ahead, b""
        return data

    async def next_call(self, client: int) -> Call | None:
        """Return the next request, None when the client has closed the connection."""
        try:
            head = self._ahead + await self._reader.readuntil(b"\r\n\r\n")
            self._ahead = b""
            request, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines if line)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        method, path, _ = request.split(" ", 2)
        return Call(method, path, headers, body, client)


class FakeServer(ABC):
    """A server on a free loopback port; a context manager. Subclasses write `answer`.

    `calls` are the requests so far, oldest first. `disconnected` is set when a client leaves
    before its answer is complete; `disconnects` counts them.
    """

    def __init__(self, port: int = 0) -> None:
        self.calls: list[Call] = []
        self.disconnects = 0
        self.disconnected = threading.Event()
        self.connections = 0
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    @abstractmethod
    async def answer(self, call: Call, wire: Wire) -> None:
        """Answer one request."""

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def calls_to(self, path: str) -> list[Call]:
        """Return the requests to one path, oldest first."""
        return [call for call in self.calls if call.path.partition("?")[0] == path]

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(START_TIMEOUT_S):
            raise RuntimeError(f"{type(self).__name__} did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_TIMEOUT_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        with socket.create_server(("127.0.0.1", self.port)) as listening:
            listening.setblocking(False)
            self.port = listening.getsockname()[1]
            # By hand: a server of asyncio loses connections that are on their way when it closes,
            # and the garbage collector finds them in whichever test it runs next.
            self._loop.add_reader(listening, self._accept, listening)
            self._started.set()
            await self._stop.wait()
            self._loop.remove_reader(listening)
        # Every talk ends by itself when its connection does.
        for writer in self._writers:
            writer.transport.abort()
        while ongoing := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(ongoing)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            accepted, _ = listening.accept()
            task = self._loop.create_task(self._connected(accepted))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connected(self, accepted: socket.socket) -> None:
        protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._talk)
        await self._loop.connect_accepted_socket(lambda: protocol, accepted)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, request after request."""
        self._writers.add(writer)
        if self._stop.is_set():
            writer.transport.abort()
        self.connections += 1
        wire, client = Wire(reader, writer), self.connections
        try:
            while not wire.closed and (call := await wire.next_call(client)) is not None:
                self.calls.append(call)
                if not await self._answered(call, wire):
                    break
        finally:
            writer.close()
            # What the client has not taken yet holds the socket open.
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            self._writers.discard(writer)

    async def _answered(self, call: Call, wire: Wire) -> bool:
        """Answer one request; False when the client left before the end."""
        answering = asyncio.ensure_future(self.answer(call, wire))
        watching = asyncio.ensure_future(wire.left())
        try:
            await asyncio.wait((answering, watching), return_when=asyncio.FIRST_COMPLETED)
            if answering.done() and not self._cut_off(answering, wire):
                return True
            self.disconnects += 1
            self.disconnected.set()
            return False
        finally:
            answering.cancel()
            watching.cancel()
            await asyncio.gather(answering, watching, return_exceptions=True)

    @staticmethod
    def _cut_off(answering: asyncio.Future[None], wire: Wire) -> bool:
        """Whether an answer ended because the client left while it was written."""
        try:
            answering.result()
        except ConnectionError:
            return not wire.ended_here
        return False


def closed_port_url() -> str:
    """Return an address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"

"""The real doors on a real socket, over an engine that does what a function says.

Everything between the socket and the engine is the daemon's own: server, guard, codecs, journey,
decision. What is left out is the machine: files, database, classifier, engines.
"""

import asyncio
import struct
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Config
from routerd.core.decision import Decision
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import NotFound
from routerd.core.outcome import Outcome
from routerd.core.request import Request
from routerd.core.response import Chunk, Finish, TextDelta, Usage
from routerd.core.status import EngineStatus, ModelStatus, Status
from routerd.endpoints import http_server
from routerd.endpoints.guard import Guard
from routerd.endpoints.house import Snapshot
from routerd.endpoints.mcp_door import McpDoor
from routerd.journey.activity import Activity
from routerd.journey.route import Journey
from routerd.network.outbound import HttpOutbound
from routerd.policy.decide import Stance
from tests.fakes.rooms import FixedCatalogue, FixedUnderstanding, ListMemory, Step

TOKEN = "rd-" + "t" * 40
START_TIMEOUT_S = 20.0
ALL = Capabilities(tools=True, vision=True, json_schema=True, fim=True, thinking=True)
HELLO: tuple[Step, ...] = (TextDelta("Hello"), TextDelta(" there"), Finish("stop", Usage(7, 2)))
Script = Callable[[Request], Sequence[Step]]


class ScriptedEngine:
    """Answers with what `script` says to the request; `requests` are those so far."""

    name = "fake"
    kind = "scripted"

    def __init__(self, script: Script = lambda _: HELLO) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.embedded: list[EmbeddingRequest] = []
        self.cancelled = threading.Event()

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """Find the model that answers and the one that embeds."""
        return EngineStatus(self.name, self.kind, "device", "memory", True, 2), MODELS

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """Follow the script."""
        self.requests.append(request)
        try:
            for step in self.script(request):
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, anyio.Event):
                    await step.wait()
                else:
                    yield step
        except (anyio.get_cancelled_exc_class(), GeneratorExit):
            self.cancelled.set()
            raise

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return the length of each text and 0.5."""
        self.embedded.append(request)
        vectors = tuple(struct.pack("<2f", len(text), 0.5) for text in request.texts)
        return EmbeddingAnswer(candidate.model, vectors, sum(map(len, request.texts)))


MODELS = (
    Candidate("fake", "coder", context_tokens=131_072, capabilities=ALL, warm=True, ability=3.0),
    Candidate("fake", "embedder", context_tokens=8192, capabilities=Capabilities(embeddings=True)),
)


@dataclass
class ScriptedHouse:
    """Implements `endpoints.house.House` in memory."""

    engine: ScriptedEngine
    models: tuple[Candidate, ...] = MODELS
    memory: ListMemory = field(default_factory=ListMemory)
    config: Config = Config()  # noqa: RUF009  # frozen
    stopped: bool = False
    activity: Activity = field(default_factory=Activity)

    def current(self) -> Snapshot:
        """Return the only snapshot."""
        catalogue = FixedCatalogue(self.engine, listed=self.models)
        journey = Journey(
            FixedUnderstanding(), self.memory, catalogue, Stance(), activity=self.activity
        )
        return Snapshot(self.config, journey, catalogue)

    async def status(self) -> Status:
        """Return a status with the models."""
        models = tuple(
            ModelStatus(
                m.name,
                m.provider,
                m.zone,
                m.context_tokens,
                ("tools",),
                True,
                True,
                "",
                7.0,
                1.0,
                9.0,
            )
            for m in self.models
        )
        paused, left_s = self.activity.paused, self.activity.paused_left_s
        return replace(_STATUS, models=models, paused=paused, paused_left_s=left_s)

    async def decision(self, identity: str) -> tuple[Decision, Outcome | None, Mapping[str, Any]]:
        """Return a remembered decision."""
        for made, outcome, facts in reversed(self.memory.remembered):
            if identity in ("last", made.id):
                return made, outcome, facts
        raise NotFound("No such decision. `routerd ask TEXT` makes one.")

    def pause(self, for_s: float | None) -> None:
        """Pause the journey."""
        self.activity.pause(for_s)

    def resume(self) -> None:
        """Resume the journey."""
        self.activity.resume()

    async def set_profile(self, name: str) -> None:
        """Take the name."""
        self.config = replace(self.config, profile=name)

    async def refresh(self) -> None:
        """There is nothing to look for."""

    async def reload(self) -> str:
        """There is nothing to read."""
        return ""

    def stop(self) -> None:
        """Tell the test."""
        self.stopped = True


_STATUS = Status("ready", "0", 1, 1.0, "/", "", "", "", False, "", "balanced", "ready")


class ServedHouse:
    """A context manager: the house on a free port, served by a thread of its own.

    `closes` are ended with it, in its own loop.
    """

    def __init__(self, directory: Path, script: Script = lambda _: HELLO) -> None:
        self.engine = ScriptedEngine(script)
        self.house = ScriptedHouse(self.engine)
        self.port = 0
        self.closes: list[HttpOutbound] = []
        # By method and target, whatever passed the guard.
        self.reached: list[str] = []
        self._socket = directory / "mcp.sock"
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = anyio.Event()
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,), daemon=True)

    async def _serve(self) -> None:
        sock = http_server.bind(0)
        self.port = sock.getsockname()[1]
        mcp = McpDoor(self.house, self.port, 1 << 20)
        app = http_server.build(
            self.house, mcp, port=self.port, tokens=[TOKEN], max_body_bytes=1 << 20
        )
        assert isinstance(app, Guard)
        app._app = self._noted(app._app)
        server = http_server.HttpServer(app, sock, drain_s=1)
        self._loop = asyncio.get_running_loop()
        async with anyio.create_task_group() as group:
            await group.start(mcp.serve, self._socket)
            await group.start(server.serve)
            self._ready.set()
            await self._stop.wait()
            # A cancelled server leaves its connections open; they would be found, as a leak, in
            # whichever test the garbage collector runs next.
            server.stop()
            await server.stopped.wait()
            for outbound in self.closes:
                await outbound.aclose()
            group.cancel_scope.cancel()
        sock.close()

    def _noted(self, app: ASGIApp) -> ASGIApp:
        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            query = scope.get("query_string", b"").decode()
            self.reached.append(f"{scope.get('method')} {scope.get('path')}?{query}")
            await app(scope, receive, send)

        return noted

    def __enter__(self) -> "ServedHouse":
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S):
            raise RuntimeError("the scripted house did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release(self._stop)
        self._thread.join(START_TIMEOUT_S)

    def release(self, event: anyio.Event) -> None:
        """Set an event that a script waits for, from another thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(event.set)

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_path(self) -> str:
        """The MCP socket."""
        return str(self._socket)

    @property
    def last(self) -> Request:
        """What the engine was asked last."""
        return self.engine.requests[-1]

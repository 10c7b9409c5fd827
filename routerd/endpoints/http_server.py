"""The HTTP server: every route behind the guard, one address, loopback only."""

import contextlib
import logging
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from routerd.core.errors import RouterdError
from routerd.endpoints import (
    answering,
    anthropic_routes,
    control_routes,
    dashboard_routes,
    error_bodies,
    governance_routes,
    ollama_routes,
    openai_routes,
    watching_routes,
)
from routerd.endpoints.dashboard_door import DashboardDoor
from routerd.endpoints.guard import Guard, Refused
from routerd.endpoints.house import House
from routerd.endpoints.strict_http import StrictProtocol

MAX_CONNECTIONS = 256
Socket = socket.socket
_log = logging.getLogger(__name__)


class _Mcp:
    """Gives /mcp all methods without a redirect, and keeps Starlette from wrapping it."""

    def __init__(self, door: ASGIApp) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope, receive, send)


def _error(http: HttpRequest, error: RouterdError) -> Response:
    body = error_bodies.error_body(http.url.path, error)
    told = Response(body, status_code=error.status_hint, media_type="application/json")
    told.raw_headers.extend(answering.retry_after(error))
    return told


async def _told(http: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, RouterdError)  # noqa: S101  # registered for it alone
    return _error(http, error)


async def _http_error(http: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for it alone
    return _error(http, Refused(f"{error.detail}.", error.status_code))


async def _unexpected(http: HttpRequest, _: Exception) -> Response:
    # The server logs the traceback; the text of an unforeseen error is nobody else's business.
    return _error(http, RouterdError(f"routerd failed at {http.url.path}; its log says why."))


def build(
    house: House, mcp: ASGIApp, *, port: int, tokens: Iterable[str], max_body_bytes: int
) -> ASGIApp:
    """Return the whole application."""
    door = DashboardDoor(port)
    app = Starlette(
        routes=[
            *openai_routes.routes(house),
            *anthropic_routes.routes(house),
            *ollama_routes.routes(house),
            *control_routes.routes(house),
            *governance_routes.routes(house),
            *watching_routes.routes(house),
            *dashboard_routes.routes(house, door),
            Route("/mcp", _Mcp(mcp)),
        ],
        exception_handlers={
            RouterdError: _told,
            HTTPException: _http_error,
            Exception: _unexpected,
        },
    )
    return Guard(app, port=port, tokens=tokens, max_body_bytes=max_body_bytes, dashboard=door)


def bind(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; port 0 takes any free one.

    Raises: RouterdError when the port is taken.
    """
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say TCP; without
    # it every answer waited 40 ms for the client's delayed acknowledgement.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as error:
        sock.close()
        raise RouterdError(
            f"Port {port} on 127.0.0.1 can't be used ({error.strerror}); another program has it. "
            "Set `port` in config.toml to another number, or to 0 for any free one."
        ) from error
    return sock


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers (the daemon has its own), saying when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = anyio.Event()

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    @override
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Runs the application on a bound socket."""

    def __init__(self, app: Any, sock: Socket, *, drain_s: float) -> None:
        self._socket = sock
        self.stopped = anyio.Event()
        self._server = _Server(
            uvicorn.Config(
                app,
                http=StrictProtocol,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=max(1, round(drain_s)),
            )
        )

    async def serve(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Serve until `stop`; then let running answers finish within the drain time."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._run)
            await self._server.listening.wait()
            task_status.started()

    async def _run(self) -> None:
        await self._server.serve(sockets=[self._socket])
        self.stopped.set()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop accepting and drain; `at_once` drops what still runs."""
        self._server.should_exit = True
        self._server.force_exit = self._server.force_exit or at_once

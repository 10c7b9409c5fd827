"""MCP over HTTP and over a Unix socket; loads the SDK at the first connection, not at start.

The socket speaks newline-delimited JSON-RPC, the framing of MCP's stdio transport, so that
`routerd mcp` is a plain byte bridge.
"""

import logging
import os
import socket
import struct
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette.types import Receive, Scope, Send

from routerd.endpoints.house import House

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.transport_security import TransportSecuritySettings
    from mcp.shared.message import SessionMessage

MAX_LINE_BYTES = 32 * 1024 * 1024
_log = logging.getLogger(__name__)


class McpDoor:
    """One MCP server for all connections; `group` owns its tasks."""

    def __init__(self, house: House, port: int, max_body_bytes: int) -> None:
        self._house = house
        self._port = port
        self._max_body_bytes = max_body_bytes
        self._lock = anyio.Lock()
        self._group: TaskGroup | None = None
        self._server: MCPServer | None = None
        self._http: Any = None

    async def _ready(self) -> "MCPServer":
        """Build the server once; importing the SDK happens in a thread, the loop stays free."""
        async with self._lock:
            if self._server is None:
                tools = await anyio.to_thread.run_sync(_import_tools)
                self._server = tools.build(self._house)
                await self._start_http(self._server)
            return self._server

    def _security(self) -> "TransportSecuritySettings":
        from mcp.server.transport_security import TransportSecuritySettings

        hosts = [f"{name}:{self._port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        # routerd's guard has checked both already; the SDK's own list would let the pages of any
        # other development server on localhost through.
        return TransportSecuritySettings(
            enable_dns_rebinding_protection=True,
            allowed_hosts=hosts,
            allowed_origins=[f"http://{host}" for host in hosts],
        )

    async def _start_http(self, server: "MCPServer") -> None:
        app = server.streamable_http_app(
            transport_security=self._security(), max_request_body_size=self._max_body_bytes
        )
        assert self._group is not None  # noqa: S101  # serve() came first
        await self._group.start(partial(_keep_sessions, server))
        self._http = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve /mcp."""
        await self._ready()
        # The SDK's app has this one path; a mount would have cut it off.
        await self._http({**scope, "path": "/mcp", "root_path": ""}, receive, send)

    async def serve(self, path: Path, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Listen on the socket until cancelled; an old socket file is replaced."""
        await anyio.Path(path).unlink(missing_ok=True)
        async with anyio.create_task_group() as group:
            self._group = group
            listener = await anyio.create_unix_listener(path, mode=0o600)
            async with listener:
                task_status.started()
                await listener.serve(self._connection, group)

    async def _connection(self, stream: SocketStream) -> None:
        async with stream:
            if not _same_user(stream):
                _log.warning("refused a connection of another user on the MCP socket")
                return
            server = await self._ready()
            try:
                await _speak(server, stream)
            except Exception:  # noqa: BLE001  # top of a task
                _log.exception("an MCP connection failed")


def _import_tools() -> Any:
    from routerd.endpoints import mcp_tools

    return mcp_tools


async def _keep_sessions(server: "MCPServer", *, task_status: anyio.abc.TaskStatus[None]) -> None:
    async with server.session_manager.run():
        task_status.started()
        await anyio.sleep_forever()


def _same_user(stream: SocketStream) -> bool:
    """Whether the peer runs as this user; the file's mode says so too, this is the second lock."""
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610  # not Django's
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    return uid == os.getuid()


async def _speak(server: "MCPServer", stream: SocketStream) -> None:
    """Serve one connection: lines of JSON-RPC in, lines out."""
    to_server, from_client = anyio.create_memory_object_stream[Any](0)
    to_client, from_server = anyio.create_memory_object_stream[Any](0)
    # The SDK offers serving over any pair of streams only on its inner server.
    inner = server._lowlevel_server
    async with anyio.create_task_group() as group:
        group.start_soon(_read_lines, stream, to_server)
        group.start_soon(_write_lines, stream, from_server)
        await inner.run(from_client, to_client, inner.create_initialization_options())
        group.cancel_scope.cancel()


async def _read_lines(stream: SocketStream, to_server: Any) -> None:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    lines = BufferedByteReceiveStream(stream)
    async with to_server:
        while True:
            try:
                line = await lines.receive_until(b"\n", MAX_LINE_BYTES)
            except (
                anyio.EndOfStream,
                anyio.IncompleteRead,
                anyio.DelimiterNotFound,
                anyio.BrokenResourceError,
            ):
                return
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError as error:
                await to_server.send(error)
                continue
            await to_server.send(SessionMessage(message))


async def _write_lines(stream: SocketStream, from_server: Any) -> None:
    message: SessionMessage
    async with from_server:
        async for message in from_server:
            line = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await stream.send(line.encode() + b"\n")
            except anyio.BrokenResourceError:
                return

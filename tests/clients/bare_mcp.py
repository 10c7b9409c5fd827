"""Serves routerd's MCP door for tools that can't send a token, such as the conformance suite.

`python -m tests.clients.bare_mcp PORT [--fixtures] [--unguarded]`: the product's server and guard,
with the token put into every request before them. `--fixtures` puts the tools, resources and prompts
of the official conformance suite beside routerd's own; `--unguarded` takes guard and door's checks
of Host and Origin away (a negative control).
"""

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from routerd.endpoints import http_server
from routerd.endpoints.mcp_door import McpDoor
from tests.fakes.scripted_house import TOKEN, ScriptedEngine, ScriptedHouse

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.transport_security import TransportSecuritySettings

MAX_BODY_BYTES = 4 << 20


class FixtureDoor(McpDoor):
    """The product's door; what it serves has the suite's fixtures beside it."""

    @override
    async def _start_http(self, server: "MCPServer") -> None:
        from tests.fakes import mcp_fixtures

        mcp_fixtures.add(server)
        await super()._start_http(server)


class UnguardedDoor(McpDoor):
    """The product's door without its checks of Host and Origin."""

    @override
    def _security(self) -> "TransportSecuritySettings":
        from mcp.server.transport_security import TransportSecuritySettings

        return TransportSecuritySettings(enable_dns_rebinding_protection=False)


def _with_token(app: ASGIApp) -> ASGIApp:
    """Return the application behind a client that has the token."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        told = (b"authorization", f"Bearer {TOKEN}".encode())
        await app({**scope, "headers": [*scope["headers"], told]}, receive, send)

    return asked


async def _serve(kind: type[McpDoor], port: int, socket: Path) -> None:
    sock = http_server.bind(port)
    free, house = sock.getsockname()[1], ScriptedHouse(ScriptedEngine())
    door = kind(house, free, MAX_BODY_BYTES)
    app: ASGIApp = door
    if kind is not UnguardedDoor:
        app = _with_token(
            http_server.build(house, door, port=free, tokens=[TOKEN], max_body_bytes=MAX_BODY_BYTES)
        )
    server = http_server.HttpServer(app, sock, drain_s=1)
    async with anyio.create_task_group() as group:
        await group.start(partial(door.serve, socket))
        await group.start(server.serve)
        print(f"http://127.0.0.1:{free}/mcp", flush=True)
        await anyio.sleep_forever()


def _main(port: str, *flags: str) -> None:
    kinds: dict[tuple[bool, bool], type[McpDoor]] = {
        (False, False): McpDoor,
        (True, False): FixtureDoor,
        (False, True): UnguardedDoor,
    }
    with tempfile.TemporaryDirectory() as folder:
        kind = kinds["--fixtures" in flags, "--unguarded" in flags]
        anyio.run(_serve, kind, int(port), Path(folder) / "mcp.sock")


if __name__ == "__main__":
    _main(*sys.argv[1:])

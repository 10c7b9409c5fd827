"""Serves routerd's MCP door without the guard, for tools that can't send a token.

`python -m tests.clients.bare_mcp PORT`; the door's own checks of Host and Origin stay in force. For
the official conformance suite:

    conformance server --url http://127.0.0.1:PORT/mcp --spec-version 2025-11-25 -o out/
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import anyio

from routerd.endpoints import http_server
from routerd.endpoints.mcp_door import McpDoor
from tests.fakes.scripted_house import ScriptedEngine, ScriptedHouse


async def _serve(port: int, socket: Path) -> None:
    sock = http_server.bind(port)
    door = McpDoor(ScriptedHouse(ScriptedEngine()), sock.getsockname()[1], 4 << 20)
    server = http_server.HttpServer(door, sock, drain_s=1)
    async with anyio.create_task_group() as group:
        await group.start(partial(door.serve, socket))
        await group.start(server.serve)
        print(f"http://127.0.0.1:{sock.getsockname()[1]}/mcp", flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(_serve, int(sys.argv[1]), Path(folder) / "mcp.sock")

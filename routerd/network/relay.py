"""The airgap's relay: from Unix sockets to fixed loopback addresses, and nowhere else.

It runs as a process of its own outside the namespace (`python -m routerd.network.relay`), gets its
destinations on standard input once, and ends with the daemon. Inside, `Inlets` listens at the
same addresses that the engines have outside.
"""

import contextlib
import ipaddress
import json
import subprocess  # starts this same program
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream

from routerd.core.errors import RouterdError

READY = b"ready\n"
Dial = Callable[[], Awaitable[ByteStream]]


def destinations(urls: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return (address, port) of every loopback URL, each once. Others are left out."""
    found: dict[tuple[str, int], None] = {}
    for url in urls:
        try:
            parts = urlsplit(url)
            address = ipaddress.ip_address(parts.hostname or "")
            port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        except (ValueError, KeyError):
            continue
        if address.is_loopback:
            found[str(address), port] = None
    return tuple(found)


class Relay:
    """The process outside. `sockets` is a private directory for its sockets."""

    def __init__(self, sockets: Path, to: Sequence[tuple[str, int]]) -> None:
        self._sockets = sockets
        self.to = tuple(to)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens; it ends when this process closes its input."""
        self._process = subprocess.Popen(  # this interpreter, no user input
            [sys.executable, "-m", "routerd.network.relay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101  # asked for above
        assert self._process.stdout is not None  # noqa: S101  # asked for above
        plan = {"sockets": str(self._sockets), "to": self.to}
        self._process.stdin.write(json.dumps(plan).encode() + b"\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != READY:
            raise RouterdError("The airgap's relay did not start; start without --airgap.")

    def stop(self) -> None:
        """Close its input, which ends it."""
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def path(self, number: int) -> Path:
        """Return the socket of destination number `number`."""
        return _socket(self._sockets, number)


@asynccontextmanager
async def inlets(relay: Relay) -> AsyncGenerator[None]:
    """Listen inside the namespace at each destination's own address."""
    async with AsyncExitStack() as listeners, anyio.create_task_group() as group:
        for number, (host, port) in enumerate(relay.to):
            listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
            await listeners.enter_async_context(listener)
            dial = partial(anyio.connect_unix, relay.path(number))
            group.start_soon(listener.serve, partial(_join, dial))
        yield
        group.cancel_scope.cancel()


async def _join(dial: Dial, near: ByteStream) -> None:
    """Carry bytes both ways between `near` and what `dial` opens, until both have ended."""
    async with near:
        try:
            far = await dial()
        except OSError:
            return
        async with far, anyio.create_task_group() as group:
            group.start_soon(_carry, near, far)
            group.start_soon(_carry, far, near)


async def _carry(source: ByteStream, target: ByteStream) -> None:
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for data in source:
            await target.send(data)
        await target.send_eof()


def _socket(folder: Path, number: int) -> Path:
    return folder / f"relay-{number}.sock"


async def _serve(sockets: Path, to: Sequence[tuple[str, int]]) -> None:
    async with anyio.create_task_group() as group:
        for number, (host, port) in enumerate(to):
            if not ipaddress.ip_address(host).is_loopback:
                raise ValueError("the relay connects to loopback alone")
            path = _socket(sockets, number)
            path.unlink(missing_ok=True)
            listener = await anyio.create_unix_listener(path, mode=0o600)
            # The one place besides network.outbound that dials: fixed addresses of this machine.
            dial = partial(anyio.connect_tcp, host, port)  # noqa: TID251
            group.start_soon(listener.serve, partial(_join, dial))
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        await anyio.to_thread.run_sync(sys.stdin.buffer.read, abandon_on_cancel=True)
        group.cancel_scope.cancel()


def main() -> int:
    """Serve until standard input ends."""
    plan = json.loads(sys.stdin.buffer.readline())
    anyio.run(_serve, Path(plan["sockets"]), [(str(h), int(p)) for h, p in plan["to"]])
    return 0


if __name__ == "__main__":
    sys.exit(main())

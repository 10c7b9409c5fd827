"""Lets a vendor SDK built on httpx send through an Outbound, so that it has no road of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
from typing_extensions import override

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound

_METHODS = {"GET", "POST", "DELETE", "HEAD"}
# Set by httpx for its own connection handling (the Outbound writes its own), and authorization:
# the Ollama SDK would send OLLAMA_API_KEY from the environment to whatever host it talks to.
_OWN_HEADERS = {
    "host",
    "connection",
    "accept-encoding",
    "user-agent",
    "content-length",
    "authorization",
}


class _Stream(httpx.AsyncByteStream):
    """The upstream body, which closes its connection when the SDK closes it."""

    def __init__(self, body: AsyncIterator[bytes], stack: AsyncExitStack) -> None:
        self._body = body
        self._stack = stack

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._body:
            yield data

    @override
    async def aclose(self) -> None:
        await self._stack.aclose()


class OutboundTransport(httpx.AsyncBaseTransport):
    """An httpx transport over an Outbound."""

    def __init__(self, outbound: Outbound, *, first_byte_s: float, idle_s: float) -> None:
        self._outbound = outbound
        self._first_byte_s = first_byte_s
        self._idle_s = idle_s

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises: ProviderFailed, which passes through httpx unchanged."""
        method = request.method
        if method not in _METHODS:
            raise ProviderFailed(f"method {method} is not allowed", "rejected", retryable=False)
        stack = AsyncExitStack()
        body = await request.aread()
        reply = await stack.enter_async_context(
            self._outbound.send(
                method,  # type: ignore[arg-type]  # checked just above
                str(request.url),
                {k: v for k, v in request.headers.items() if k.lower() not in _OWN_HEADERS},
                body,
                first_byte_s=self._first_byte_s,
                idle_s=self._idle_s,
            )
        )
        headers = {k: v for k, v in reply.headers.items() if k != "transfer-encoding"}
        return httpx.Response(reply.status, headers=headers, stream=_Stream(reply.body, stack))

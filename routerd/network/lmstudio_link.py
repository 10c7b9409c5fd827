"""Lets LM Studio's own SDK speak with one engine on this machine, and with nobody else.

The SDK opens WebSockets of its own: with a fresh HTTP client for each, proxies read from the
environment, and five ports tried where no address is given. None of that is left here. Every connection
it makes, in this whole process, goes through `_connect`, which has a way only where `link` made one,
to one server: a loopback address by number, so that nothing it sends can leave the machine. Offline
mode is asked each time all the same.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpx
from typing_extensions import override

from routerd.core.errors import ProviderFailed
from routerd.network.offline import is_loopback

if TYPE_CHECKING:
    import lmstudio

Check = Callable[[str], None]
"""Raises ProviderFailed where an address may not be reached now."""

CLOSE_S = 5.0
# Its loggers carry bare class names, and tell every connection at INFO and every message at DEBUG.
_LOGGERS = (
    "AsyncWebsocketHandler",
    "_AsyncLMStudioWebsocket",
    "LoadModelEndpoint",
    "RemoteCallHandler",
)
_NAMESPACES = ("system", "llm", "embedding")
_way: ContextVar[httpx.AsyncClient] = ContextVar("routerd_lmstudio_way")


class OneServer(httpx.AsyncHTTPTransport):
    """Carries requests and WebSockets to one server and refuses every other address."""

    def __init__(self, server: str, check: Check, connect_s: float) -> None:
        _refuse_unless_here(server)
        super().__init__(trust_env=False, verify=False)  # no TLS to loopback
        self._server = server
        self._check = check
        self._connect_s = connect_s

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises: ProviderFailed."""
        where = request.url.netloc.decode("ascii")
        if request.url.scheme not in ("http", "ws") or where != self._server:
            raise ProviderFailed(f"{where} is not the engine that was bound", "rejected")
        self._check(f"http://{self._server}")
        request.extensions["timeout"] = {"connect": self._connect_s}
        return await super().handle_async_request(request)


def link(
    base_url: str, check: Check, connect_s: float = 2.0
) -> Callable[[], AbstractAsyncContextManager["lmstudio.AsyncClient"]]:
    """Return what opens the SDK's client for one server and closes it whatever happens.

    Opening raises ProviderFailed where the installed SDK can't be bound, and what the SDK raises where
    the server is not there.
    Raises: ProviderFailed where `base_url` is no loopback address.
    """
    server = urlsplit(base_url).netloc
    _refuse_unless_here(server)

    @asynccontextmanager
    async def opened() -> AsyncGenerator["lmstudio.AsyncClient"]:
        bound = (await anyio.to_thread.run_sync(_bound_class))(server)
        transport = OneServer(server, check, connect_s)
        way = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)
        # The SDK's own tasks are started from here and see it too.
        token = _way.set(way)
        try:
            await bound.__aenter__()
            yield bound
        finally:
            # A request that is given up must leave none of the SDK's tasks behind.
            with anyio.move_on_after(CLOSE_S, shield=True):
                await bound.aclose()
            with anyio.move_on_after(CLOSE_S, shield=True):
                await way.aclose()
            _way.reset(token)

    return opened


def _bound_class() -> "type[lmstudio.AsyncClient]":
    """Return the SDK's client class, bound. 0.3 s and 10 MB to import: only where it is wanted."""
    import lmstudio
    from lmstudio import _ws_impl

    if not hasattr(_ws_impl, "aconnect_ws") or not hasattr(lmstudio.AsyncClient, "_ALL_SESSIONS"):
        raise ProviderFailed(
            f"lmstudio {lmstudio.__version__} is built differently and can't be bound", "rejected"
        )
    _ws_impl.aconnect_ws = _connect
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)

    class Bound(lmstudio.AsyncClient):
        """The SDK's client without a road of its own."""

        _DEFAULT_API_PORTS = ()  # type: ignore[assignment]  # it tries none
        _ALL_SESSIONS = tuple(
            session
            for session in lmstudio.AsyncClient._ALL_SESSIONS
            if session.API_NAMESPACE in _NAMESPACES
        )

        @staticmethod
        @override
        async def _query_probe_url(url: str) -> httpx.Response:
            return await _the_way().get(url)

    return Bound


def _refuse_unless_here(server: str) -> None:
    if not is_loopback(f"http://{server}"):
        raise ProviderFailed(f"{server} is not on this machine", "rejected", retryable=False)


def _the_way() -> httpx.AsyncClient:
    """Return the client of the bound server. Raises: ProviderFailed where none was bound."""
    way = _way.get(None)
    if way is None:
        raise ProviderFailed("LM Studio's SDK was not bound to an engine", "rejected")
    return way


@asynccontextmanager
async def _connect(url: str, *_: Any, **more: Any) -> AsyncGenerator[Any]:
    """Stand in for the SDK's way out."""
    import httpx_ws  # comes with the SDK

    async with httpx_ws.aconnect_ws(url, _the_way(), **more) as session:
        yield session

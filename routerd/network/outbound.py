"""HTTP to backends: no redirects, no environment proxies, no compressed bodies, bounded waits."""

import errno
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal

import anyio
import httpx2

from routerd.core.errors import ProviderFailed
from routerd.core.outcome import FailureKind
from routerd.core.ports import Reply

MAX_CONNECTIONS = 256
# uvicorn (vLLM, most Python servers) closes a connection idle for 5 s. One taken up again at that
# very moment fails although the server is well, so ours are given up before.
KEEPALIVE_S = 3.0


# Failures to connect that say nothing of the server.
_OUR_OWN = {
    errno.EMFILE: "was not called: routerd has too many files open",
    errno.ENFILE: "was not called: this machine has too many files open",
    errno.ENETUNREACH: "can't be reached; is there a network?",
    errno.EHOSTUNREACH: "can't be reached; is there a way to it?",
}


def _where(url: str) -> str:
    """Name the server without path or credentials."""
    parts = httpx2.URL(url)
    return f"{parts.host}:{parts.port}" if parts.port else parts.host


def map_error(error: Exception, url: str) -> ProviderFailed:
    """Turn the client library's errors into one of ours, once for all providers."""
    where = _where(url)
    table: tuple[tuple[type[Exception], FailureKind, str], ...] = (
        (httpx2.ConnectTimeout, "timeout", "didn't accept the connection in time"),
        (httpx2.PoolTimeout, "overloaded", "has no free connection"),
        (httpx2.TimeoutException, "timeout", "stayed silent too long"),
        (httpx2.ConnectError, "refused", _why_no_connection(error)),
        (httpx2.RemoteProtocolError, "died", "broke off in the middle of the answer"),
        (httpx2.ReadError, "died", "reset the connection"),
        (httpx2.WriteError, "died", "reset the connection"),
    )
    for kind_of_error, kind, text in table:
        if isinstance(error, kind_of_error):
            return ProviderFailed(f"{where} {text}", kind)
    return ProviderFailed(f"{where} failed: {type(error).__name__}", "protocol")


def _why_no_connection(error: BaseException | None) -> str:
    """Tell a wrong name and an unknown certificate from a server that is down."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return "could not be found; is its name spelt right?"
        if isinstance(error, ssl.SSLCertVerificationError):
            return "shows a certificate that this machine doesn't trust"
        if isinstance(error, OSError) and error.errno in _OUR_OWN:
            return _OUR_OWN[error.errno]
        error = error.__cause__ or error.__context__
    return "refused the connection; is the server running?"


class HttpOutbound:
    """An Outbound over one connection pool; `aclose` ends it."""

    def __init__(self, *, connect_s: float = 2.0) -> None:
        self._connect_s = connect_s
        # Building the default TLS context reads all certificates (~40 ms): only when needed.
        self._plain = self._client(verify=False)
        self._tls: httpx2.AsyncClient | None = None
        self._tls_lock = anyio.Lock()

    def _client(self, verify: ssl.SSLContext | Literal[False]) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            verify=verify,
            limits=httpx2.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=32,
                keepalive_expiry=KEEPALIVE_S,
            ),
            headers={"accept-encoding": "identity", "user-agent": "routerd"},
            # Cookies know hosts, not ports: one local server's would be sent to all the others.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )

    async def _client_for(self, url: str) -> httpx2.AsyncClient:
        """Plain HTTP never touches TLS; the unverified client is for http:// alone."""
        if url.startswith("http://"):
            return self._plain
        if not url.startswith("https://"):
            raise ProviderFailed("only http:// and https:// addresses can be used", "rejected")
        async with self._tls_lock:
            if self._tls is None:
                context = await anyio.to_thread.run_sync(ssl.create_default_context)
                self._tls = self._client(context)
            return self._tls

    @asynccontextmanager
    async def send(
        self,
        method: Literal["GET", "POST", "DELETE", "HEAD"],
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        first_byte_s: float = 30.0,
        idle_s: float = 30.0,
    ) -> AsyncGenerator[Reply]:
        """See `core.ports.Outbound.send`."""
        timeout = httpx2.Timeout(first_byte_s, connect=self._connect_s, read=first_byte_s)
        client = await self._client_for(url)
        try:
            request = client.build_request(
                method, url, headers=dict(headers), content=body or None, timeout=timeout
            )
        except (httpx2.InvalidURL, ValueError):
            # The error's own text may quote a header, and with it a key.
            raise ProviderFailed(
                "the address or a header holds characters that can't be sent; "
                "check base_url in config.toml and the key",
                "rejected",
            ) from None
        try:
            response = await client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise map_error(error, url) from error
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise ProviderFailed(
                    f"{_where(url)} sent a compressed body that was not asked for", "protocol"
                )
            yield Reply(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=_body(response, url, idle_s),
            )
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1.0):
                await response.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._plain.aclose()
        if self._tls is not None:
            await self._tls.aclose()


async def _body(response: httpx2.Response, url: str, idle_s: float) -> AsyncIterator[bytes]:
    """Yield bytes as they come; silence longer than `idle_s` is a failure."""
    chunks = response.aiter_raw()
    while True:
        try:
            with anyio.fail_after(idle_s):
                data = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise ProviderFailed(
                f"{_where(url)} stayed silent for {idle_s:g} s in the middle of the answer",
                "timeout",
            ) from None
        except httpx2.HTTPError as error:
            raise map_error(error, url) from error
        yield data

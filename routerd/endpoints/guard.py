"""Is it this user, on this machine? Asked of every request before its body is read.

The loopback address alone is no boundary: any web page can make a browser send requests there
(DNS rebinding, cross-site forms), and other users of the machine share it. So: an exact Host, no
foreign Origin, a bearer token, and bounded bodies, on every route but /health.
"""

import hmac
import logging
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from routerd.core.errors import RouterdError
from routerd.endpoints import error_bodies
from routerd.endpoints.dashboard_door import KEY_HEADER, DashboardDoor

OPEN_PATHS = frozenset({"/health"})
# Claude Code looks for a sign of life before it sends anything, without its token.
OPEN_METHODS = frozenset({("HEAD", "/"), ("GET", "/")})
# The dashboard's pages and files hold nothing of anybody's. `/dashboard/api/` has it all, and asks
# for the session that `/dashboard/session` opens for a one-time code.
DASHBOARD, DASHBOARD_API = "/dashboard/", "/dashboard/api/"
SESSION_PATH = "/dashboard/session"
# A link in a file or a mail leads to these. They are empty: the last looks for its code by itself,
# and no cookie comes with such a visit.
OPENED_BY_LINKS = frozenset({("GET", "/"), ("GET", DASHBOARD), ("GET", "/dashboard/open")})
_log = logging.getLogger(__name__)


class Refused(RouterdError):
    """A request that may not pass; its text says which check it failed."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status_hint = status


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


class Guard:
    """ASGI middleware. `tokens` is read at every request: they may be added while running."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        port: int,
        tokens: Iterable[str],
        max_body_bytes: int,
        dashboard: DashboardDoor,
    ) -> None:
        self._app = app
        self._dashboard = dashboard
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._tokens = tokens
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # Browsers may open WebSockets to any address without a preflight; there are none here.
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            self._check(scope)
        except Refused as refusal:
            _log.warning("refused %s %s: %s", scope["method"], scope["path"], refusal)
            await answer(send, scope, refusal)
            return
        await self._app(scope, self._bounded(receive), send)

    def _check(self, scope: Scope) -> None:
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise Refused("This Host is not routerd's; use http://127.0.0.1 and its port.", 421)
        for origin in _values(scope, b"origin"):
            if origin.lower() not in self._origins:
                raise Refused("Requests from web pages of other origins are refused.", 403)
        method, path = scope["method"], scope["path"]
        by_link = (method, path) in OPENED_BY_LINKS
        if "cross-site" in _values(scope, b"sec-fetch-site") and not by_link:
            raise Refused("Cross-site requests from browsers are refused.", 403)
        if path.startswith(DASHBOARD):
            self._check_dashboard(scope, method, path)
        elif path not in OPEN_PATHS and (method, path) not in OPEN_METHODS:
            self._check_token(scope)
        self._check_body(scope)

    def _check_dashboard(self, scope: Scope, method: str, path: str) -> None:
        """Other ports of this machine are the same site to a browser, and are strangers here."""
        if "same-site" in _values(scope, b"sec-fetch-site"):
            raise Refused("Requests from other ports of this machine are refused.", 403)
        if method in ("GET", "HEAD") and not path.startswith(DASHBOARD_API):
            return
        # A browser says where every POST comes from; whose origin it may be was checked above.
        told = method != "POST" or bool(_values(scope, b"origin"))
        if told and (method, path) == ("POST", SESSION_PATH):
            return
        cookies = "; ".join(_values(scope, b"cookie"))
        key = "".join(_values(scope, KEY_HEADER.encode())[:1])
        if not (told and self._dashboard.admits(cookies, key)):
            self._check_token(scope)

    def _check_token(self, scope: Scope) -> None:
        given = [
            value.partition(" ")[2].strip()
            for value in _values(scope, b"authorization")
            if value.lower().startswith("bearer ")
        ] + _values(scope, b"x-api-key")
        known = [token.encode() for token in self._tokens]
        # Every pair is compared, in constant time each: timing tells nothing about any token.
        matches = [hmac.compare_digest(g.encode(), token) for g in given for token in known]
        if not any(matches):
            raise Refused(
                "A bearer token is needed: it is in the file `token` of routerd's home "
                "(`routerd status` shows where).",
                401,
            )

    def _check_body(self, scope: Scope) -> None:
        if scope["method"] not in ("POST", "PUT", "PATCH"):
            return
        # A simple cross-site form can't send JSON, so this alone stops it.
        kinds = _values(scope, b"content-type")
        if not kinds or kinds[0].partition(";")[0].strip().lower() != "application/json":
            raise Refused("The body must be sent as content-type: application/json.", 415)
        if _values(scope, b"content-encoding") not in ([], ["identity"]):
            raise Refused("Compressed bodies are not accepted.", 415)
        lengths = _values(scope, b"content-length")
        if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
            raise Refused("Content-Length must be one whole number.", 400)
        if lengths and int(lengths[0]) > self._max_body_bytes:
            raise self._too_large()

    def _too_large(self) -> Refused:
        limit = self._max_body_bytes >> 20
        return Refused(f"The body is larger than {limit} MiB (max_body_mib in config.toml).", 413)

    def _bounded(self, receive: Receive) -> Receive:
        """Count bodies that come without a length."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_body_bytes:
                raise self._too_large()
            return message

        return counted


async def answer(send: Send, scope: Scope, error: RouterdError) -> None:
    """Send an error as JSON; the connection closes where the body was not read."""
    body = error_bodies.error_body(scope["path"], error)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if error.status_hint == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status_hint in (413, 421):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status_hint, "headers": headers})
    await send({"type": "http.response.body", "body": body})

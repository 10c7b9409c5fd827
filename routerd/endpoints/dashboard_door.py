"""Who may see the dashboard: one-time codes, and the sessions that they open. All of it in memory.

Cookies know no port: whatever listens on another port of this machine is sent ours as soon as a
browser visits it, and may set one of the same name. So a cookie alone opens an empty page. What
shows anything needs the session's key too, which the browser keeps where only pages of this very
origin, port included, can read it, and which goes in a header that no form and no link can send.

A code is used once. Using it again ends the session that it opened: of two that held it, one was
not meant to.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from routerd.core.errors import RouterdError

COOKIE = "routerd_dashboard"
KEY_HEADER = "x-routerd-key"
HOME = "/dashboard/"
CODE_S, SESSION_S = 120.0, 12 * 3600.0
MOST_CODES, MOST_SESSIONS = 16, 32


class CodeRefused(RouterdError):
    """The code is unknown, used, or too old."""

    status_hint = 401


@dataclass(frozen=True, slots=True)
class Opened:
    """What a code was exchanged for: the cookie's value, the page's key, and where to go."""

    cookie: str = field(repr=False)
    key: str = field(repr=False)
    to: str = HOME


@dataclass(slots=True)
class _Code:
    digest: bytes
    to: str
    until_s: float
    opened: bytes = b""


@dataclass(slots=True)
class _Session:
    cookie: bytes
    key: bytes
    until_s: float


class DashboardDoor:
    """Codes and sessions. Only digests of them are held, and compared in constant time."""

    def __init__(self, port: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.cookie = f"{COOKIE}_{port}"
        self._clock_s = clock_s
        self._codes: list[_Code] = []
        self._sessions: list[_Session] = []

    def code(self, to: str = HOME) -> str:
        """Return a code that opens `to`, a path of the dashboard, within CODE_S."""
        code = secrets.token_urlsafe(32)
        until_s = self._clock_s() + CODE_S
        self._codes.append(_Code(_digest(code), to if inside(to) else HOME, until_s))
        self._codes = self._codes[-MOST_CODES:]
        return code

    def exchange(self, code: str) -> Opened:
        """Return a new session for a code. Raises: CodeRefused."""
        self._sweep()
        given = _digest(code)
        found = [held for held in self._codes if hmac.compare_digest(held.digest, given)]
        if not found:
            raise CodeRefused("This link is used up or too old; `routerd dashboard` makes another.")
        held = found[0]
        if held.opened:
            self._sessions = [s for s in self._sessions if s.cookie != held.opened]
            raise CodeRefused(
                "This link was used before, so the session it opened has been closed; "
                "`routerd dashboard` makes another."
            )
        opened = Opened(secrets.token_urlsafe(32), secrets.token_urlsafe(32), held.to)
        held.opened = _digest(opened.cookie)
        until_s = self._clock_s() + SESSION_S
        self._sessions.append(_Session(held.opened, _digest(opened.key), until_s))
        self._sessions = self._sessions[-MOST_SESSIONS:]
        return opened

    def knows(self, cookies: str) -> bool:
        """Whether a Cookie header holds an open session; that alone shows nothing."""
        return bool(self._open(cookies))

    def admits(self, cookies: str, key: str) -> bool:
        """Whether cookie and key belong to one open session."""
        given = _digest(key)
        # All of them are compared, so that the time taken tells nothing of any.
        matches = [hmac.compare_digest(s.key, given) for s in self._open(cookies)]
        return any(matches)

    def close(self, cookies: str) -> None:
        """End the sessions of a Cookie header."""
        ended = {session.cookie for session in self._open(cookies)}
        self._sessions = [s for s in self._sessions if s.cookie not in ended]

    def _open(self, cookies: str) -> list[_Session]:
        self._sweep()
        # Another port may have set one of the same name: any that is right will do.
        given = [_digest(value) for value in _values(cookies, self.cookie)]
        pairs = [(session, digest) for session in self._sessions for digest in given]
        return [s for s, digest in pairs if hmac.compare_digest(s.cookie, digest)]

    def _sweep(self) -> None:
        now_s = self._clock_s()
        self._codes = [code for code in self._codes if code.until_s > now_s]
        self._sessions = [session for session in self._sessions if session.until_s > now_s]


def inside(path: str) -> bool:
    """Whether a path leads nowhere but into the dashboard."""
    plain = path.isascii() and path.isprintable() and len(path) <= 400
    return plain and path.startswith(HOME) and "\\" not in path and "//" not in path


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _values(header: str, name: str) -> list[str]:
    pairs = (part.partition("=") for part in header.split(";"))
    return [value.strip() for key, _, value in pairs if key.strip() == name][:8]

"""Refuses every destination that is not this machine, before anything is resolved or opened."""

import ipaddress
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from routerd.core import traffic
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound, Reply

# Destinations kept apart in the report; the others are counted together.
MOST_TOLD = 100


def is_loopback(url: str) -> bool:
    """Whether `url` names a loopback address by number.

    Names don't count, `localhost` neither: they would have to be resolved, and resolving can
    leave the machine. IPv4-mapped IPv6 addresses count by the address they carry.
    """
    try:
        host = urlsplit(url).hostname or ""
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


@dataclass(slots=True)
class Attempt:
    """What was tried towards one server: how often, and when last (Unix time)."""

    server: str
    refused: int = 0
    passed: int = 0
    last_unix_s: float = 0.0


class LoopbackOnly:
    """An Outbound that lets only loopback through while `offline` says so; it keeps a report.

    `allowed` are the servers (scheme://host:port) of the engines on this machine: while offline
    another loopback port is refused as well, because what listens there may be a proxy. None
    allows every loopback address. `on_refused` is told each server that was refused.
    """

    def __init__(
        self,
        inner: Outbound,
        *,
        offline: bool = True,
        allowed: Iterable[str] | None = None,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._inner = inner
        self._offline = offline
        self._clock_s = clock_s
        self.allowed = None if allowed is None else frozenset(allowed)
        self.since_unix_s = clock_s()
        self.attempts: dict[str, Attempt] = {}
        self.refused = 0
        self.last_refused = ""
        self.on_refused: Callable[[str], None] = lambda _: None

    @property
    def offline(self) -> bool:
        """Whether nothing but this machine may be reached."""
        return self._offline

    @offline.setter
    def offline(self, offline: bool) -> None:
        if offline != self._offline:
            self.since_unix_s = self._clock_s()
        self._offline = offline

    def send(
        self,
        method: Literal["GET", "POST", "DELETE", "HEAD"],
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        first_byte_s: float = 30.0,
        idle_s: float = 30.0,
    ) -> AbstractAsyncContextManager[Reply]:
        """Pass on to the inner Outbound. Raises: ProviderFailed of kind offline."""
        self.check(url)
        sending = self._inner.send(
            method, url, headers, body, first_byte_s=first_byte_s, idle_s=idle_s
        )
        if self._stays(url):
            return sending
        self._note(url).passed += 1
        traffic.count(server_of(url), len(body))
        return self._cut_when_offline(sending, url)

    def _stays(self, url: str) -> bool:
        """Whether it goes to an engine of this machine; another loopback port may be a proxy."""
        known = self.allowed is None or server_of(url) in self.allowed
        return is_loopback(url) and known

    @asynccontextmanager
    async def _cut_when_offline(
        self, sending: AbstractAsyncContextManager[Reply], url: str
    ) -> AsyncGenerator[Reply]:
        """End an answer under way as soon as offline mode is switched on."""

        async def watched(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
            async for data in body:
                self.check(url)
                yield data

        async with sending as reply:
            yield Reply(reply.status, reply.headers, watched(reply.body))

    def check(self, url: str) -> None:
        """Raise ProviderFailed of kind offline when `url` may not be reached now."""
        if not self._offline:
            return
        if self._stays(url):
            return
        server, why = server_of(url), "is not on this machine"
        if is_loopback(url):
            why = "is none of the engines on this machine that routerd knows"
        self._note(url).refused += 1
        self.refused += 1
        self.last_refused = server
        self.on_refused(server)
        raise ProviderFailed(
            f"offline mode is on; {server} {why}. `routerd offline off` ends it "
            "(and `offline = false` in config.toml, where it is set there).",
            "offline",
        )

    def _note(self, url: str) -> Attempt:
        server = server_of(url)
        if server not in self.attempts and len(self.attempts) >= MOST_TOLD:
            server = "others"
        noted = self.attempts.setdefault(server, Attempt(server))
        noted.last_unix_s = self._clock_s()
        return noted


def server_of(url: str) -> str:
    """Scheme and server, without path and credentials, which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a malformed address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

"""Refuses every destination that is not this machine, before anything is resolved or opened."""

import ipaddress
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal
from urllib.parse import urlsplit

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound, Reply


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


class LoopbackOnly:
    """An Outbound that lets only loopback through while `offline` says so; counts refusals."""

    def __init__(self, inner: Outbound, *, offline: bool = True) -> None:
        self._inner = inner
        self.offline = offline
        self.refused = 0
        self.last_refused = ""

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
        return self._inner.send(
            method, url, headers, body, first_byte_s=first_byte_s, idle_s=idle_s
        )

    def check(self, url: str) -> None:
        """Raise ProviderFailed of kind offline when `url` may not be reached now."""
        if not self.offline or is_loopback(url):
            return
        self.refused += 1
        self.last_refused = _shown(url)
        raise ProviderFailed(
            f"offline mode is on; {self.last_refused} is not on this machine. "
            "Set `offline = false` in config.toml to allow it.",
            "offline",
        )


def _shown(url: str) -> str:
    """Scheme and server, without path and credentials, which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "a malformed address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

"""What all cloud providers share: the key, the listing of models, limits, one way to send.

A provider's own file says how a request is written, an answer read, and a model described.
"""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import anyio

from routerd.core.candidate import Candidate, Price, Zone
from routerd.core.config import Timeouts
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound, Reply
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.status import EngineStatus
from routerd.dialects import strict_json
from routerd.providers import failures, rate_limits

DISCOVERY_S = 10.0
# Models of a cloud come and go in weeks; whether it is well shows in live results. So it is not
# asked every 30 s: a router that only idles should not be heard of by anybody.
LIST_EVERY_S = 900.0
MAX_PAGES = 20
# What a model is counted at whose price nobody knows: as dear as the dear ones usually are, in
# dollars per million tokens. Zero would make it look free, and be chosen for that.
UNKNOWN_PRICE = Price(5.0, 5.0, 25.0)

_log = logging.getLogger(__name__)


class Secret(Protocol):
    """A key as a provider holds it (credentials.remembered)."""

    @property
    def trouble(self) -> str:
        """Why there is none."""
        ...

    def get(self) -> str | None:
        """Return the key; may block."""
        ...

    def forget(self) -> None:
        """Ask the keyring again next time."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """Where and what. `base_url` has no slash at its end; `wanted` picks models by name."""

    name: str
    base_url: str
    zone: Zone = "cloud"
    wanted: Callable[[str], bool] = lambda _: True


class CloudProvider(ABC):
    """One vendor's API. Implements `core.ports.Provider`; subclasses know the wire format."""

    kind: str

    def __init__(
        self, account: Account, outbound: Outbound, timeouts: Timeouts, secret: Secret
    ) -> None:
        self.name = account.name
        self.account = account
        self.timeouts = timeouts
        self._outbound = outbound
        self._secret = secret
        self._listed: tuple[Candidate, ...] = ()
        self._of = 0
        self._list_again_s = 0.0
        self._rests_until_s = 0.0

    @abstractmethod
    def headers(self, key: str) -> dict[str, str]:
        """Return the headers that carry the key."""

    @abstractmethod
    async def list_models(self) -> list[Candidate]:
        """Ask for the models. Raises: ProviderFailed."""

    @abstractmethod
    def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""

    @property
    def resting_s(self) -> float:
        """Seconds for which it asked to be left alone; 0 where it may be asked."""
        return max(self._rests_until_s - time.monotonic(), 0.0)

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """See `core.ports.Provider.discover`; asks the cloud only now and then."""
        if time.monotonic() < self._list_again_s:
            return self._status(""), self._listed
        try:
            with anyio.fail_after(DISCOVERY_S):
                found = await self.list_models()
        except TimeoutError:
            return self._without("it did not answer in time")
        except ProviderFailed as error:
            return self._without(error.message)
        self._of = len(found)
        self._listed = tuple(_priced(c) for c in found if self.account.wanted(c.model))
        self._list_again_s = time.monotonic() + LIST_EVERY_S
        return self._status(""), self._listed

    def _without(self, why: str) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """Return what was known before, as not usable now."""
        known = (replace(c, usable=False, unusable_reason=why) for c in self._listed)
        return self._status(why), tuple(known)

    def _status(self, why: str) -> EngineStatus:
        more = self._of - len(self._listed)
        detail = f"{more} more have no known price; name them in `models`" if more > 0 else ""
        where, zone, count = self.account.base_url, self.account.zone, len(self._listed)
        return EngineStatus(self.name, self.kind, zone, where, not why, count, why or detail)

    async def _key(self) -> str:
        # A keyring may take seconds to answer, or wait for somebody to unlock it.
        key = await anyio.to_thread.run_sync(self._secret.get, abandon_on_cancel=True)
        if key is None:
            raise ProviderFailed(f"{self.name} has no key: {self._secret.trouble}", "credential")
        return key

    async def get(self, path: str, *, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at a path; a bare array comes as `data`. Raises: ProviderFailed."""
        headers = {"accept": "application/json", **(more or {}), **self.headers(await self._key())}
        url = f"{self.account.base_url}{path}"
        async with self._outbound.send(
            "GET", url, headers, first_byte_s=DISCOVERY_S, idle_s=DISCOVERY_S
        ) as reply:
            await self._check(reply, "application/json")
            data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, self.name)
            if data.lstrip().startswith(b"["):
                data = b'{"data":' + data + b"}"
            return strict_json.backend_object(data)

    @asynccontextmanager
    async def post(
        self,
        path: str,
        body: bytes,
        *,
        streamed: bool = True,
        more: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Reply]:
        """Send a request, with `more` headers; yield the reply once it is known to be an answer.

        Raises: ProviderFailed; while the cloud asked to be left alone nothing is sent.
        """
        if (left_s := self.resting_s) > 0:
            raise ProviderFailed(
                f"{self.name} asked to be left alone for another {left_s:.0f} s",
                "overloaded",
                retry_after_s=left_s,
            )
        limits = self.timeouts
        kind = "text/event-stream" if streamed else "application/json"
        headers = {
            "content-type": "application/json",
            "accept": kind,
            **(more or {}),
            **self.headers(await self._key()),
        }
        async with self._outbound.send(
            "POST",
            f"{self.account.base_url}{path}",
            headers,
            body,
            first_byte_s=limits.first_token_s if streamed else limits.whole_answer_s,
            idle_s=limits.idle_s if streamed else limits.whole_answer_s,
        ) as reply:
            await self._check(reply, kind)
            yield reply

    async def _check(self, reply: Reply, kind: str) -> None:
        if reply.status == 200:
            self._rest(rate_limits.exhausted_s(reply.headers, datetime.now(UTC)))
        try:
            await failures.check(reply, self.name, kind)
        except ProviderFailed as failure:
            if failure.kind == "overloaded":
                self._rest(failure.retry_after_s)
            elif failure.kind == "credential":
                self._secret.forget()
            raise

    def _rest(self, seconds: float | None) -> None:
        if seconds:
            _log.info("%s is left alone for %.0f s", self.name, seconds)
            self._rests_until_s = time.monotonic() + seconds


def _priced(candidate: Candidate) -> Candidate:
    """Return the candidate with a price; a gateway's `:free` models really have none."""
    if candidate.price != Price() or candidate.model.endswith(":free"):
        return candidate
    return replace(candidate, price=UNKNOWN_PRICE)

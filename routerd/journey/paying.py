"""A catalogue whose providers are asked for the price of a further attempt before they are called.

What the first attempt can cost was set aside with the decision. One after it may cost as much
again, because an answer that came and was refused, or broke off, is paid for too.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from typing_extensions import override

from routerd.core.candidate import Candidate
from routerd.core.errors import ProviderFailed
from routerd.core.outcome import FailureKind
from routerd.core.ports import Catalogue, Provider
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.status import EngineStatus

# Failures before the backend has done anything that it could charge for.
_FREE: frozenset[FailureKind | None] = frozenset(
    {"refused", "offline", "credential", "overloaded", "rejected"}
)


class Around:
    """A catalogue of the same models; a subclass puts something in front of their providers."""

    def __init__(self, inner: Catalogue) -> None:
        self._inner = inner

    @property
    def engines(self) -> tuple[EngineStatus, ...]:
        """See `core.ports.Catalogue.engines`."""
        return self._inner.engines

    def candidates(self) -> tuple[Candidate, ...]:
        """See `core.ports.Catalogue.candidates`."""
        return self._inner.candidates()

    def provider(self, name: str) -> Provider:
        """See `core.ports.Catalogue.provider`."""
        return self._inner.provider(name)

    def enter(self, model: str) -> bool:
        """See `core.ports.Catalogue.enter`."""
        return self._inner.enter(model)

    def report(
        self,
        model: str,
        *,
        ok: bool | None,
        ttft_s: float = -1.0,
        tokens_per_s: float = 0.0,
        rest_s: float = 0.0,
    ) -> None:
        """See `core.ports.Catalogue.report`."""
        self._inner.report(model, ok=ok, ttft_s=ttft_s, tokens_per_s=tokens_per_s, rest_s=rest_s)


class Paying(Around):
    """For one request. `afford` sets the price of one more attempt aside, or says no."""

    def __init__(self, inner: Catalogue, afford: Callable[[Candidate], bool]) -> None:
        super().__init__(inner)
        self.afford = afford
        self.has_paid = False

    @override
    def provider(self, name: str) -> Provider:
        """Return the provider, with the question of money in front of it."""
        return _PayingProvider(self._inner.provider(name), self)


class _PayingProvider:
    def __init__(self, inner: Provider, purse: Paying) -> None:
        self.name, self.kind = inner.name, inner.kind
        self._inner = inner
        self._purse = purse

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        return await self._inner.discover()

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        purse = self._purse
        if purse.has_paid and not purse.afford(candidate):
            # Of that provider nobody else is tried either: what is left of the money is the same.
            raise ProviderFailed(
                f"{candidate.name} is not asked: the budget has no room for one more attempt",
                "refused",
            )
        failure: FailureKind | None = None
        try:
            async with aclosing(self._inner.stream(request, candidate)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except ProviderFailed as error:
            failure = error.kind
            raise
        finally:
            purse.has_paid = purse.has_paid or failure not in _FREE

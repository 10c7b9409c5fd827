"""Carries out what `policy.residency` plans: one queue over all engines of this machine.

It loads nothing itself: the engine does, when the request reaches it. What it does is to hold
requests back, to have models unloaded, and to learn how long loading takes.
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.abc

from routerd.core.candidate import Candidate
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Provider
from routerd.core.request import Request
from routerd.core.response import Chunk, Progress
from routerd.core.status import EngineStatus
from routerd.policy import residency as plan
from routerd.policy import windows
from routerd.policy.residency import Resident, Room, Waiter
from routerd.providers.countdown import Countdown

PROGRESS_EVERY_S = 2.0
MEASURE_EVERY_S = 10.0
UNLOAD_S = 10.0
# Share of the newest measurement in the running mean of a model's load time.
STEP = 0.5
# Left to everything else on the machine.
RESERVE_BYTES = 1 << 30
# What an estimate of memory goes by while nothing is asked for.
USUAL_WINDOW = 8192

_log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Ticket:
    """A request in the queue. `cold`: its model has to be loaded, after `evicted` have left."""

    waiter: Waiter
    load_s: float
    granted: anyio.Event = field(default_factory=anyio.Event)
    evicted: tuple[str, ...] = ()
    cold: bool = False
    answered: bool = False


class Residency:
    """The queue and what is known to be in memory; one for the daemon, it outlives reloads.

    Used as `async with residency:` it has tasks of its own, and clients are told how long a load takes.

    `free_bytes` measures free memory (RAM and VRAM together; may block, 0 unknown). `places` and
    `parallel` are as in `policy.residency.Room`.
    """

    def __init__(
        self,
        free_bytes: Callable[[], int] = lambda: 0,
        *,
        places: Mapping[str, int] | None = None,
        parallel: Mapping[str, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free_bytes = free_bytes
        self._places = dict(places or {})
        self._parallel = dict(parallel or {})
        self._clock = clock
        self._measured_bytes = 0
        self._measure_again_s = 0.0
        self._tickets: list[Ticket] = []
        self._residents: dict[str, Resident] = {}
        self._providers: dict[str, Provider] = {}
        self._load_s: dict[str, float] = {}
        self._count = 0
        self._stack = AsyncExitStack()
        self.tasks: anyio.abc.TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self.tasks = await self._stack.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        tasks, self.tasks = self.tasks, None
        if tasks is not None:
            tasks.cancel_scope.cancel()
        return await self._stack.__aexit__(kind, error, trace)

    @property
    def residents(self) -> tuple[Resident, ...]:
        """What is in memory, as far as is known."""
        return tuple(self._residents.values())

    def serve(self, provider: Provider) -> None:
        """Take in an engine; a newer one of the same name takes its place.

        Limits are given by kind and hold for each engine of it.
        """
        self._providers[provider.name] = provider
        for limits in (self._places, self._parallel):
            limits.setdefault(provider.name, limits.get(provider.kind, 0))

    @property
    def room(self) -> Room:
        """What there is for all models together."""
        return Room(self._measured_bytes, self._places, self._parallel)

    async def measure(self) -> None:
        """Measure memory, at most every `MEASURE_EVERY_S`."""
        now_s = self._clock()
        if now_s < self._measure_again_s:
            return
        self._measure_again_s = now_s + MEASURE_EVERY_S
        free = await anyio.to_thread.run_sync(self._free_bytes)
        # Free is what the models that are there leave; together it is what all may have.
        known = sum(resident.bytes for resident in self._residents.values())
        self._measured_bytes = max(free - RESERVE_BYTES, 0) + known if free else 0

    def sync(self, engine: str, found: Iterable[Candidate]) -> tuple[Candidate, ...]:
        """Take in what an engine says is loaded; return its candidates with what a load costs."""
        candidates = tuple(found)
        warm = {c.name: c for c in candidates if c.warm and c.zone == "device"}
        for name, resident in list(self._residents.items()):
            if resident.engine == engine and name not in warm and not resident.running:
                del self._residents[name]
        for name, candidate in warm.items():
            if name not in self._residents:
                size = plan.memory_bytes(candidate, USUAL_WINDOW)
                load_s = self._load_s.get(name, candidate.load_s)
                # When it was last used is not known; by somebody else, perhaps just now.
                self._residents[name] = Resident(
                    name, engine, size, used_s=self._clock(), load_s=load_s
                )
        return tuple(map(self._priced, candidates))

    def _priced(self, candidate: Candidate) -> Candidate:
        if candidate.zone != "device" or not candidate.usable:
            return candidate
        load_s = self._load_s.get(candidate.name, candidate.load_s)
        if candidate.warm:
            return replace(candidate, load_s=load_s)
        size = plan.memory_bytes(candidate, USUAL_WINDOW)
        newcomer = Waiter(0, candidate.name, candidate.provider, size)
        swap_s = plan.swap_cost_s(newcomer, self.residents, self.room, self._clock())
        return replace(candidate, load_s=load_s, swap_s=swap_s)

    def enter(self, candidate: Candidate, window_tokens: int) -> Ticket:
        """Queue up; `leave` must follow, whatever happens."""
        self._count += 1
        size = plan.memory_bytes(candidate, window_tokens)
        waiter = Waiter(self._count, candidate.name, candidate.provider, size, self._clock())
        ticket = Ticket(waiter, candidate.load_s)
        self._tickets.append(ticket)
        self._grant()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give the place back. A cold model that never answered is not taken for loaded."""
        if not ticket.granted.is_set():
            self._tickets.remove(ticket)
        elif (resident := self._residents.get(ticket.waiter.name)) is not None:
            left = replace(resident, running=resident.running - 1, used_s=self._clock())
            self._residents[left.name] = left
            if ticket.cold and not ticket.answered and not left.running:
                del self._residents[left.name]
        self._grant()

    def ahead(self, ticket: Ticket) -> int:
        """Return how many requests wait before this one."""
        return self._tickets.index(ticket) if ticket in self._tickets else 0

    def learn(self, ticket: Ticket, took_s: float) -> None:
        """Take in how long it took from the grant to the first word of a cold model."""
        name = ticket.waiter.name
        before = self._load_s.get(name)
        self._load_s[name] = took_s if before is None else before + STEP * (took_s - before)
        if (resident := self._residents.get(name)) is not None:
            self._residents[name] = replace(resident, load_s=self._load_s[name])

    def _grant(self) -> None:
        """Let all go on who may; every change ends here."""
        while True:
            waiters = [ticket.waiter for ticket in self._tickets]
            grant = plan.next_grant(waiters, self.residents, self.room, self._clock())
            if grant is None:
                return
            ticket = next(t for t in self._tickets if t.waiter.number == grant.number)
            self._tickets.remove(ticket)
            self._seat(ticket, grant.evicted)

    def _seat(self, ticket: Ticket, evicted: tuple[str, ...]) -> None:
        waiter = ticket.waiter
        for name in evicted:
            del self._residents[name]
        there = self._residents.get(waiter.name)
        ticket.cold, ticket.evicted = there is None, evicted
        there = there or Resident(waiter.name, waiter.engine, waiter.bytes, load_s=ticket.load_s)
        larger = max(there.bytes, waiter.bytes)
        self._residents[waiter.name] = replace(there, bytes=larger, running=there.running + 1)
        ticket.granted.set()

    async def make_room(self, ticket: Ticket) -> None:
        """Have the models unloaded that must leave for this one; what fails is only logged."""
        for name in ticket.evicted:
            engine, _, model = name.partition("/")
            unload = getattr(self._providers.get(engine), "unload", None)
            if unload is None:
                continue
            try:
                # An engine that does not answer is not waited for; it has the last word anyway.
                with anyio.move_on_after(UNLOAD_S):
                    await unload(model)
                    _log.info("%s was unloaded for %s", name, ticket.waiter.name)
            except ProviderFailed as failure:
                _log.warning("%s could not be unloaded: %s", name, failure)


class ResidentProvider:
    """A local engine whose requests go through the queue. Implements `core.ports.Provider`.

    What else the engine can do (embeddings, unloading) is asked of it directly.
    """

    def __init__(self, inner: Provider, residency: Residency) -> None:
        self.inner = inner
        self.name = inner.name
        self.kind = inner.kind
        self._residency = residency
        residency.serve(inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector a text; embedding models are small and do not queue.

        Raises: ProviderFailed.
        """
        ask = getattr(self.inner, "embed", None)
        if ask is None:
            raise ProviderFailed(f"{self.name} makes no embeddings", "rejected", retryable=False)
        answer: EmbeddingAnswer = await ask(request, candidate)
        return answer

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """See `core.ports.Provider.discover`."""
        status, found = await self.inner.discover()
        await self._residency.measure()
        return status, self._residency.sync(self.name, found)

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""
        if candidate.zone != "device":
            async with aclosing(self.inner.stream(request, candidate)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        needed = windows.needed_tokens(request)
        ticket = self._residency.enter(
            candidate, windows.window_for(needed, 0, candidate.context_tokens)
        )
        try:
            while not await _set_soon(ticket.granted):
                ahead = self._residency.ahead(ticket)
                queue = f", and {ahead} requests are before it" if ahead else ""
                yield Progress(f"waiting for {candidate.model}: its engine is busy{queue}")
            await self._residency.make_room(ticket)
            began_s = time.monotonic()
            now = replace(candidate, warm=not ticket.cold)
            async with aclosing(self._counted(request, now)) as chunks:
                async for chunk in chunks:
                    if not ticket.answered and not isinstance(chunk, Progress):
                        ticket.answered = True
                        if ticket.cold:
                            self._residency.learn(ticket, time.monotonic() - began_s)
                    yield chunk
        finally:
            self._residency.leave(ticket)

    def _counted(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """Return the engine's answer, with a countdown where there are tasks to run it in."""
        chunks = self.inner.stream(request, candidate)
        if self._residency.tasks is None:
            return chunks
        countdown = Countdown(candidate.model, candidate.load_s, cold=not candidate.warm)
        return countdown.run(chunks, self._residency.tasks)


async def _set_soon(event: anyio.Event) -> bool:
    """Wait a while; return whether the event is set."""
    with anyio.move_on_after(PROGRESS_EVERY_S):
        await event.wait()
    return event.is_set()

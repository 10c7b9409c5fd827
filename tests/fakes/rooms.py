"""In-memory stand-ins for the rooms that a journey meets, one for each protocol of `core.ports`."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.errors import NotFound
from routerd.core.features import Neighbour, Reading
from routerd.core.outcome import Outcome
from routerd.core.ports import Provider
from routerd.core.request import Request
from routerd.core.response import Chunk, Finish, TextDelta, Usage
from routerd.core.status import EngineStatus

# A chunk is yielded, an exception raised, an event waited for.
Step = Chunk | BaseException | anyio.Event
GOOD: tuple[Step, ...] = (TextDelta("Hello"), TextDelta(" there"), Finish("stop", Usage(7, 20)))


class ScriptedProvider:
    """Does for each model what its script says; tells who was asked and which streams are open."""

    kind = "scripted"

    def __init__(self, name: str, scripts: Mapping[str, Sequence[Step]]) -> None:
        self.name = name
        self.scripts = dict(scripts)
        self.asked: list[str] = []
        self.requests: list[Request] = []
        self.open = 0

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """Find one candidate a script."""
        found = tuple(Candidate(self.name, model, warm=True) for model in self.scripts)
        return EngineStatus(self.name, self.kind, "device", "memory", True, len(found)), found

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """Follow the model's script."""
        self.asked.append(candidate.name)
        self.requests.append(request)
        self.open += 1
        try:
            for step in self.scripts[candidate.model]:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, anyio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.open -= 1


@dataclass(frozen=True, slots=True)
class Report:
    """One call of `Catalogue.report`."""

    model: str
    ok: bool
    ttft_s: float
    tokens_per_s: float
    rest_s: float = 0.0


class FixedCatalogue:
    """Always the same candidates, best first unless `listed` says otherwise."""

    def __init__(
        self,
        *providers: Provider,
        listed: Sequence[Candidate] = (),
        engines: Sequence[EngineStatus] = (),
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._listed = tuple(listed)
        self.engines = tuple(engines)
        self.reports: list[Report] = []

    def candidates(self) -> tuple[Candidate, ...]:
        """Return the candidates."""
        return self._listed

    def provider(self, name: str) -> Provider:
        """Return the provider of that name."""
        if name not in self._providers:
            raise NotFound(f"There is no provider '{name}'.")
        return self._providers[name]

    def report(
        self, model: str, *, ok: bool, ttft_s: float, tokens_per_s: float, rest_s: float = 0.0
    ) -> None:
        """Keep the report."""
        self.reports.append(Report(model, ok, ttft_s, tokens_per_s, rest_s))


def in_order(*names: str, **more: Any) -> tuple[Candidate, ...]:
    """Return warm candidates named provider/model, so able that they are ranked as given."""
    return tuple(
        replace(Candidate(*name.split("/", 1), warm=True), ability=4.0 - 0.1 * place, **more)
        for place, name in enumerate(names)
    )


@dataclass(slots=True)
class ListMemory:
    """Remembers in a list; `near` is what every search finds."""

    near: tuple[Neighbour, ...] = ()
    searches: list[tuple[bytes, str, int]] = field(default_factory=list)
    remembered: list[tuple[Decision, Outcome, Mapping[str, Any]]] = field(default_factory=list)

    async def nearest(self, embedding: bytes, *, workspace: str, k: int) -> tuple[Neighbour, ...]:
        """Return `near`."""
        self.searches.append((embedding, workspace, k))
        return self.near

    def remember(
        self, decision: Decision, outcome: Outcome, request_facts: Mapping[str, Any]
    ) -> None:
        """Keep the row."""
        self.remembered.append((decision, outcome, request_facts))

    @property
    def outcome(self) -> Outcome:
        """The only outcome so far."""
        ((_, outcome, _),) = self.remembered
        return outcome


@dataclass(slots=True)
class FixedUnderstanding:
    """Reads the same in every request."""

    reading: Reading = Reading("generation", 0.9, 0.4, "python")  # noqa: RUF009  # frozen
    requests: list[Request] = field(default_factory=list)

    async def read(self, request: Request) -> Reading:
        """Return the reading."""
        self.requests.append(request)
        return self.reading


@dataclass(slots=True)
class ListWatcher:
    """Notes what it is told: ("decided", id), ("attempting", model, number), ("answered", finish)."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def decided(self, request: Request, decision: Decision) -> None:
        """Note it."""
        self.told.append(("decided", decision.id))

    def attempting(self, decision: str, candidate: Candidate, number: int) -> None:
        """Note it."""
        self.told.append(("attempting", candidate.name, number))

    def answered(self, request: Request, decision: Decision, outcome: Outcome) -> None:
        """Note it."""
        self.told.append(("answered", outcome.finish))

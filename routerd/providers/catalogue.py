"""Who is up, with which models: a frozen snapshot, refreshed by checks and live results."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import anyio

from routerd.core.candidate import Candidate
from routerd.core.errors import NotFound
from routerd.core.ports import Provider
from routerd.core.status import EngineStatus
from routerd.policy.circuit import Circuit

# Looked at this share of the interval early at most, so that one interval is never exceeded.
JITTER = 0.2
LOOK_LIMIT_S = 20.0
# Share of the newest measurement in the running means of speed.
SPEED_STEP = 0.3

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Record:
    """What live results say of one model; times in seconds, 0 means not measured yet."""

    circuit: Circuit = Circuit()  # noqa: RUF009  # frozen
    ttft_s: float = 0.0
    tokens_per_s: float = 0.0


class Catalogue:
    """Implements `core.ports.Catalogue` over the providers of one snapshot.

    `records` carries what was learnt of each model over a reload; `known` adds what is known of
    a model by its name; `on_change` is told of a provider that came up or went down.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        records: dict[str, _Record] | None = None,
        known: Callable[[Candidate], Candidate] = lambda candidate: candidate,
        on_change: Callable[[EngineStatus], None] = lambda _: None,
    ) -> None:
        self._known = known
        self._on_change = on_change
        self._providers = {provider.name: provider for provider in providers}
        self.records: dict[str, _Record] = {} if records is None else records
        self._found: dict[str, tuple[Candidate, ...]] = {}
        self._engines: dict[str, EngineStatus] = {}

    @property
    def engines(self) -> tuple[EngineStatus, ...]:
        """What was looked for, where, and what was found."""
        return tuple(self._engines[name] for name in self._providers if name in self._engines)

    def provider(self, name: str) -> Provider:
        """See `core.ports.Catalogue.provider`."""
        try:
            return self._providers[name]
        except KeyError:
            raise NotFound(f"There is no provider '{name}'.") from None

    def candidates(self) -> tuple[Candidate, ...]:
        """See `core.ports.Catalogue.candidates`."""
        now_s = time.monotonic()
        return tuple(
            self._live(_rested(candidate, provider), now_s)
            for name, provider in self._providers.items()
            for candidate in self._found.get(name, ())
        )

    def _live(self, candidate: Candidate, now_s: float) -> Candidate:
        record = self.records.get(candidate.name)
        if record is None:
            return candidate
        return replace(
            candidate,
            health=record.circuit.health,
            circuit_open=record.circuit.is_open(now_s),
            ttft_s=record.ttft_s or candidate.ttft_s,
            tokens_per_s=record.tokens_per_s or candidate.tokens_per_s,
        )

    def enter(self, model: str) -> bool:
        """See `core.ports.Catalogue.enter`."""
        record, now_s = self.records.get(model), time.monotonic()
        if record is None:
            return True
        if record.circuit.is_open(now_s):
            return False
        record.circuit = record.circuit.entered(now_s)
        return True

    def report(
        self,
        model: str,
        *,
        ok: bool | None,
        ttft_s: float = -1.0,
        tokens_per_s: float = 0.0,
        rest_s: float = 0.0,
    ) -> None:
        """See `core.ports.Catalogue.report`; times of 0 or less were not measured."""
        record = self.records.setdefault(model, _Record())
        if ok is None:
            record.circuit = record.circuit.left()
            return
        record.circuit = record.circuit.after(ok, time.monotonic(), rest_s)
        record.ttft_s = _mean(record.ttft_s, ttft_s)
        record.tokens_per_s = _mean(record.tokens_per_s, tokens_per_s)

    async def refresh(self) -> None:
        """Ask every provider at once what it has."""
        async with anyio.create_task_group() as group:
            for provider in self._providers.values():
                group.start_soon(self._refresh_one, provider)

    async def _refresh_one(self, provider: Provider) -> None:
        try:
            # Each bounds its own look; one that does not must not keep the others from the next.
            with anyio.fail_after(LOOK_LIMIT_S):
                status, found = await provider.discover()
        except Exception:  # noqa: BLE001  # top of a task, logged whole
            # A provider's own fault must not take the others' models away.
            _log.exception("looking for models at %s failed", provider.name)
            told = "looking for it failed; the log tells why"
            unknown = EngineStatus(provider.name, provider.kind, "device", "", False, 0, told)
            self._engines.setdefault(provider.name, unknown)
            return
        before = self._engines.get(provider.name)
        if before is None or before.up != status.up:
            state = "up" if status.up else f"down ({status.detail})"
            _log.info("%s is %s, %d models", provider.name, state, len(found))
            if before is not None:
                self._on_change(status)
        self._engines[provider.name] = status
        self._found[provider.name] = tuple(map(self._known, found))


def _rested(candidate: Candidate, provider: Provider) -> Candidate:
    """Take out what asked to be left alone (Retry-After, a limit used up), for that long."""
    left_s = getattr(provider, "resting_s", 0.0)
    if not left_s or not candidate.usable:
        return candidate
    why = f"{provider.name} asked to be left alone for another {left_s:.0f} s"
    return replace(candidate, usable=False, unusable_reason=why)


def next_check_s(every_s: float, random: Callable[[], float]) -> float:
    """Return when to look again: about every `every_s`, never in step with anything else.

    `random` gives 0..1; several daemons, or a cron job, would else meet at an engine each time.
    """
    return every_s * (1.0 - JITTER + JITTER * random())


def _mean(before: float, new: float) -> float:
    if new <= 0:
        return before
    return before + SPEED_STEP * (new - before) if before > 0 else new

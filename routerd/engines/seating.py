"""Who gets a loaded model next: a pure choice over those who wait. It starts and stops nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from routerd.core.errors import ProviderFailed
from routerd.engines.worker_process import Settings, WorkerProcess

# Requests for a loaded model overtake one that would have to swap it out, because a swap costs
# seconds and the prompt cache; but only until that one has waited this long.
PATIENCE_S = 20.0
EMBEDDING_PLACES = 1

Key = tuple[str, bool]
"""A model file, and whether it is loaded for embeddings."""


@dataclass(eq=False, slots=True)
class Seat:
    """A place for one model, loaded for answers or for embeddings; `busy` from the grant until its worker is idle again.

    `loading` is set once loading has ended, well or with a `failure`. `outgoing` are workers that
    must be gone before it begins.
    """

    path: str
    busy: bool = False
    used_s: float = 0.0
    embeds: bool = False
    settings: Settings | None = None
    worker: WorkerProcess | None = None
    loading: anyio.Event | None = None
    failure: ProviderFailed | None = None
    outgoing: list[WorkerProcess] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """What tickets for it have in common."""
        return self.path, self.embeds


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that waits for its model; `seat` is set when `granted` is."""

    path: str
    arrived_s: float
    embeds: bool = False
    granted: anyio.Event = field(default_factory=anyio.Event)
    seat: Seat | None = None

    @property
    def key(self) -> Key:
        """The key of its seat."""
        return self.path, self.embeds


@dataclass(frozen=True, slots=True)
class Grant:
    """`ticket` may go on, on its model's seat or a new one; `evicted` has to leave for it."""

    ticket: Ticket
    evicted: Seat | None = None


def next_grant(
    tickets: Sequence[Ticket], seats: Mapping[Key, Seat], max_loaded: int, now_s: float
) -> Grant | None:
    """Return who may go on now, None while all have to wait. `tickets` are oldest first.

    A busy seat is never evicted. Among idle ones the least recently used leaves, and not one that
    others wait for, unless the newcomer's patience is at its end. Embeddings have one place of their
    own: editors ask for them between answers, and each would else cost two loads.
    """
    awaited = {ticket.key for ticket in tickets}
    for ticket in tickets:
        seat = seats.get(ticket.key)
        if seat is not None:
            if not seat.busy:
                return Grant(ticket)
            continue
        rivals = [seat for seat in seats.values() if seat.embeds == ticket.embeds]
        if len(rivals) < (EMBEDDING_PLACES if ticket.embeds else max_loaded):
            return Grant(ticket)
        impatient = now_s - ticket.arrived_s > PATIENCE_S
        idle = [seat for seat in rivals if not seat.busy and (impatient or seat.key not in awaited)]
        if idle:
            return Grant(ticket, min(idle, key=lambda seat: seat.used_s))
    return None

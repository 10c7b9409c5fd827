"""Who gets a loaded model next: a pure choice over those who wait. It starts and stops nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from routerd.core.errors import ProviderFailed
from routerd.engines.worker_process import Settings, WorkerProcess

# Requests for a loaded model overtake one that would have to swap it out, because a swap costs
# seconds and the prompt cache; but only until that one has waited this long.
PATIENCE_S = 20.0


@dataclass(eq=False, slots=True)
class Seat:
    """A place for one loaded model; `busy` from the grant until its worker is idle again.

    `loading` is set once loading has ended, well or with a `failure`. `outgoing` are workers that
    must be gone before it begins.
    """

    path: str
    busy: bool = False
    used_s: float = 0.0
    settings: Settings | None = None
    worker: WorkerProcess | None = None
    loading: anyio.Event | None = None
    failure: ProviderFailed | None = None
    outgoing: list[WorkerProcess] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that waits for its model; `seat` is set when `granted` is."""

    path: str
    arrived_s: float
    granted: anyio.Event = field(default_factory=anyio.Event)
    seat: Seat | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """`ticket` may go on, on its model's seat or a new one; `evicted` has to leave for it."""

    ticket: Ticket
    evicted: Seat | None = None


def next_grant(
    tickets: Sequence[Ticket], seats: Mapping[str, Seat], max_loaded: int, now_s: float
) -> Grant | None:
    """Return who may go on now, None while all have to wait. `tickets` are oldest first.

    A busy seat is never evicted. Among idle ones the least recently used leaves, and not one that
    others wait for, unless the newcomer's patience is at its end.
    """
    awaited = {ticket.path for ticket in tickets}
    for ticket in tickets:
        seat = seats.get(ticket.path)
        if seat is not None:
            if not seat.busy:
                return Grant(ticket)
            continue
        if len(seats) < max_loaded:
            return Grant(ticket)
        impatient = now_s - ticket.arrived_s > PATIENCE_S
        idle = [
            seat
            for seat in seats.values()
            if not seat.busy and (impatient or seat.path not in awaited)
        ]
        if idle:
            return Grant(ticket, min(idle, key=lambda seat: seat.used_s))
    return None

"""Which models are in memory, and whose request goes next: pure, over all local engines at once.

A request whose model is loaded goes on, also before older ones for other models: A B A B A A C
becomes A A A A, B B, C. A request that waits longer than PATIENCE_S ends that: the models that
would have to leave for it get no new work.
A model is loaded where it fits into memory and its engine's places. Where it does not, idle
models leave, the least recently used first, those that others wait for last.
Nothing leaves for a gain smaller than its load costs: `keep_resident` reorders a ranking.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from routerd.core.candidate import Candidate
from routerd.core.decision import Ranked

# Requests for a loaded model overtake one that would swap it out for at most this long.
PATIENCE_S = 20.0
# What a wrong answer costs: reading it, asking again, waiting again. A swap must save more.
REDO_S = 90.0
# Weights take a little more in memory than on disk.
OVERHEAD = 1.1
# How fast a model that was not used again is forgotten.
HALVES_AFTER_S = 600.0
# Bytes a token takes in the cache, for one billion parameters; it grows with the root of the size
# (Qwen2.5 7B: 57 KB, Llama 3 8B: 131 KB, Qwen2.5 32B: 262 KB).
CACHE_BYTES_AT_1B = 40_000.0


@dataclass(frozen=True, slots=True)
class Resident:
    """A model in memory, or being loaded. `running` requests use it; `used_s` is when one ended.

    `load_s` is what loading it again would cost.
    """

    name: str
    engine: str
    bytes: int = 0
    running: int = 0
    used_s: float = 0.0
    load_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request in the queue; `number` tells it from others, oldest smallest."""

    number: int
    name: str
    engine: str
    bytes: int = 0
    arrived_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """What there is: bytes for all models together, per engine how many models at once and how
    many requests a model answers at once. 0, or an engine not named, means no limit known."""

    bytes: int = 0
    places: Mapping[str, int] = field(default_factory=dict)
    parallel: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """This request goes on, after `evicted` (names) have left."""

    number: int
    evicted: tuple[str, ...] = ()


def memory_bytes(candidate: Candidate, window_tokens: int) -> int:
    """Return about how many bytes a model takes with a window; 0 where its size is not known."""
    if candidate.size_bytes <= 0:
        return 0
    cache = CACHE_BYTES_AT_1B * math.sqrt(max(candidate.parameters_b, 0.1)) * window_tokens
    return int(OVERHEAD * candidate.size_bytes + cache)


def next_grant(
    waiters: Sequence[Waiter], residents: Sequence[Resident], room: Room, now_s: float
) -> Grant | None:
    """Return who goes on now, None while all have to wait. `waiters` are oldest first."""
    loaded = {resident.name: resident for resident in residents}
    claimed: set[str] = set()
    for waiter in waiters:
        resident = loaded.get(waiter.name)
        if resident is not None:
            if waiter.name not in claimed and _has_slot(resident, room):
                return Grant(waiter.number)
            continue
        impatient = now_s - waiter.arrived_s > PATIENCE_S
        victims = _victims(waiter, waiters, residents, room, impatient=impatient)
        if victims is None:
            if impatient:
                claimed |= _in_the_way(waiter, residents, room)
            continue
        return Grant(waiter.number, victims)
    return None


def _has_slot(resident: Resident, room: Room) -> bool:
    parallel = room.parallel.get(resident.engine, 0)
    return not parallel or resident.running < parallel


def _fits(waiter: Waiter, staying: Sequence[Resident], room: Room) -> bool:
    places = room.places.get(waiter.engine, 0)
    if places and sum(r.engine == waiter.engine for r in staying) >= places:
        return False
    # Alone it may try, whatever the estimate says: the engine has the last word.
    used = sum(resident.bytes for resident in staying)
    return not room.bytes or not staying or used + waiter.bytes <= room.bytes


def _victims(
    waiter: Waiter,
    waiters: Sequence[Waiter],
    residents: Sequence[Resident],
    room: Room,
    *,
    impatient: bool,
) -> tuple[str, ...] | None:
    """Return who has to leave for it, () where there is room, None where not enough may leave."""
    awaited = {other.name for other in waiters}
    idle = [r for r in residents if not r.running and (impatient or r.name not in awaited)]
    idle.sort(key=lambda r: (r.name in awaited, r.used_s, r.name))
    staying = list(residents)
    leaving: list[str] = []
    while not _fits(waiter, staying, room):
        useful = [r for r in idle if r in staying and _helps(r, waiter, staying, room)]
        if not useful:
            return None
        staying.remove(useful[0])
        leaving.append(useful[0].name)
    return tuple(leaving)


def _helps(resident: Resident, waiter: Waiter, staying: Sequence[Resident], room: Room) -> bool:
    """Whether its leaving brings the waiter nearer: its place is wanted, or its bytes are."""
    places = room.places.get(waiter.engine, 0)
    full = places and sum(r.engine == waiter.engine for r in staying) >= places
    return resident.engine == waiter.engine if full else resident.bytes > 0 or not room.bytes


def _in_the_way(waiter: Waiter, residents: Sequence[Resident], room: Room) -> set[str]:
    return {r.name for r in residents if _helps(r, waiter, residents, room)}


def swap_cost_s(waiter: Waiter, residents: Sequence[Resident], room: Room, now_s: float) -> float:
    """Return the seconds of reloading that others will pay for, were it loaded now.

    A model used a minute ago is wanted again soon, one used an hour ago hardly.
    """
    if any(resident.name == waiter.name for resident in residents):
        return 0.0
    still = [replace(resident, running=0) for resident in residents]
    victims = _victims(waiter, (waiter,), still, room, impatient=True) or ()
    return sum(
        resident.load_s * _wanted_again(now_s - resident.used_s)
        for resident in residents
        if resident.name in victims
    )


def _wanted_again(idle_s: float) -> float:
    return math.exp2(-max(idle_s, 0.0) / HALVES_AFTER_S)


def keep_resident(ranked: Sequence[Ranked], *, redo_s: float = REDO_S) -> tuple[Ranked, ...]:
    """Return the ranking with a warm local model first where swapping would not pay.

    The first one must be cold and throw others out; a warm one above the quality floor goes
    before it unless what is gained in P(success), in seconds of asking again, is more than the
    load and the others' reloading cost.
    """
    if not ranked or ranked[0].candidate.warm or ranked[0].candidate.swap_s <= 0:
        return tuple(ranked)
    best = ranked[0]
    cost_s = best.candidate.load_s + best.candidate.swap_s
    for entry in ranked[1:]:
        candidate = entry.candidate
        if not (candidate.warm and candidate.zone == "device" and entry.above_floor):
            continue
        if (best.p_success - entry.p_success) * redo_s < cost_s:
            note = f"stays loaded: loading {best.candidate.name} costs {cost_s:.0f} s"
            kept = replace(entry, notes=(*entry.notes, note))
            return (kept, *(other for other in ranked if other is not entry))
    return tuple(ranked)

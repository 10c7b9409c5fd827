"""Whose request goes next, and who leaves memory for it."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate
from routerd.core.decision import Ranked, Terms
from routerd.policy.residency import (
    PATIENCE_S,
    Grant,
    Resident,
    Room,
    Waiter,
    keep_resident,
    memory_bytes,
    next_grant,
    swap_cost_s,
)

ONE = Room(places={"e": 1}, parallel={"e": 1})
GB = 1_000_000_000


def waiting(*names: str, **more: float) -> list[Waiter]:
    return [
        Waiter(i, name, "e", arrived_s=more.get("arrived_s", 0.0)) for i, name in enumerate(names)
    ]


@dataclass
class Engine:
    """Plays a queue to its end: one place, one request at a time, each lasting a second."""

    room: Room = ONE
    loads: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    def play(self, names: str, *, step_s: float = 1.0) -> None:
        queue, residents, now_s = waiting(*names), list[Resident](), 0.0
        while queue:
            grant = next_grant(queue, residents, self.room, now_s)
            assert grant is not None, "somebody may always go on while nothing runs"
            (mine,) = [waiter for waiter in queue if waiter.number == grant.number]
            queue.remove(mine)
            residents = [r for r in residents if r.name not in grant.evicted]
            if mine.name not in {r.name for r in residents}:
                self.loads.append(mine.name)
                residents.append(Resident(mine.name, "e"))
            self.order.append(mine.name)
            now_s += step_s
            residents = [replace(r, used_s=now_s) if r.name == mine.name else r for r in residents]


def test_a_mixed_queue_needs_no_more_loads_than_models() -> None:
    engine = Engine()
    engine.play("ABABAAC")
    assert engine.loads == ["A", "B", "C"]
    assert engine.order == list("AAAABBC")


def test_nobody_waits_for_ever_behind_a_model_that_is_always_wanted() -> None:
    engine = Engine()
    engine.play("AB" + "A" * 60)
    assert engine.order.index("B") <= PATIENCE_S + 2


@given(st.text("ABCD", min_size=1, max_size=24))
def test_every_request_is_answered_once(names: str) -> None:
    engine = Engine()
    engine.play(names)
    assert sorted(engine.order) == sorted(names)
    assert len(engine.loads) <= len(names)


def test_a_loaded_model_goes_before_an_older_request_that_would_swap_it_out() -> None:
    loaded = [Resident("A", "e")]
    assert next_grant(waiting("B", "A"), loaded, ONE, 1.0) == Grant(1)
    assert next_grant(waiting("B", "A"), loaded, ONE, PATIENCE_S + 1) == Grant(0, ("A",))


def test_a_busy_model_is_never_thrown_out_and_gets_no_new_work_once_patience_ends() -> None:
    busy = [Resident("A", "e", running=1)]
    wide = Room(places={"e": 1}, parallel={"e": 4})
    assert next_grant(waiting("B", "A"), busy, wide, 1.0) == Grant(1)
    assert next_grant(waiting("B", "A"), busy, wide, PATIENCE_S + 1) is None


def test_an_engine_answers_only_so_many_requests_at_once() -> None:
    busy = [Resident("A", "e", running=2)]
    assert next_grant(waiting("A"), busy, Room(parallel={"e": 2}), 0.0) is None
    assert next_grant(waiting("A"), busy, Room(parallel={"e": 3}), 0.0) == Grant(0)
    assert next_grant(waiting("A"), busy, Room(), 0.0) == Grant(0)


def test_models_of_all_engines_share_the_memory() -> None:
    there = [
        Resident("ollama/a", "ollama", 6 * GB, used_s=9.0),
        Resident("lmstudio/b", "lmstudio", 5 * GB, used_s=3.0),
    ]
    room = Room(bytes=16 * GB)
    small = Waiter(0, "llamacpp/c", "llamacpp", 4 * GB)
    large = replace(small, bytes=10 * GB)
    assert next_grant([small], there, room, 10.0) == Grant(0)
    assert next_grant([large], there, room, 10.0) == Grant(0, ("lmstudio/b",))
    huge = replace(small, bytes=15 * GB)
    assert next_grant([huge], there, room, 10.0) == Grant(0, ("lmstudio/b", "ollama/a"))


def test_alone_a_model_may_try_whatever_its_size_is_thought_to_be() -> None:
    too_large = Waiter(0, "a", "e", 99 * GB)
    assert next_grant([too_large], [], Room(bytes=16 * GB), 0.0) == Grant(0)


def test_a_full_engine_makes_place_among_its_own() -> None:
    there = [Resident("x", "other", GB), Resident("A", "e", GB, used_s=5.0)]
    assert next_grant(waiting("B"), there, ONE, 10.0) == Grant(0, ("A",))


def test_the_room_a_model_takes_grows_with_its_window() -> None:
    candidate = Candidate("ollama", "a:7b", size_bytes=4 * GB, parameters_b=7.0)
    short, long = memory_bytes(candidate, 4096), memory_bytes(candidate, 32_768)
    assert 4.4 * GB < short < 5 * GB
    assert 3 * GB < long - short < 3.2 * GB
    assert memory_bytes(Candidate("ollama", "b"), 4096) == 0


def test_what_others_pay_fades_with_the_time_since_they_were_used() -> None:
    there = [Resident("A", "e", load_s=10.0, used_s=0.0)]
    (newcomer,) = waiting("B")
    assert swap_cost_s(newcomer, there, ONE, 0.0) == 10.0
    assert swap_cost_s(newcomer, there, ONE, 600.0) == 5.0
    assert swap_cost_s(newcomer, there, Room(), 0.0) == 0.0
    assert swap_cost_s(replace(newcomer, name="A"), there, ONE, 0.0) == 0.0


def _ranked(name: str, p_success: float, *, above_floor: bool = True, **more: object) -> Ranked:
    candidate = replace(Candidate("e", name), **more)  # type: ignore[arg-type]
    terms = Terms(p_success, p_success, 1.0, 1.0, 1.0)
    return Ranked(candidate, terms, p_success, p_success, 0.0, 1.0, above_floor)


COLD = {"load_s": 12.0, "swap_s": 6.0}


@pytest.mark.parametrize(
    ("p_cold", "p_warm", "first"),
    [
        # 0.1 of a better chance is worth 9 s of asking again, 0.3 is worth 27 s.
        (0.80, 0.70, "warm"),
        (0.90, 0.60, "cold"),
    ],
)
def test_a_swap_must_gain_more_than_it_costs(p_cold: float, p_warm: float, first: str) -> None:
    ranking = [_ranked("cold", p_cold, **COLD), _ranked("warm", p_warm, warm=True)]
    kept = keep_resident(ranking)
    assert kept[0].candidate.model == first
    assert len(kept) == 2
    assert any("stays loaded" in note for note in kept[0].notes) == (first == "warm")


@pytest.mark.parametrize(
    "other",
    [
        _ranked("low", 0.7, above_floor=False, warm=True),
        _ranked("far", 0.7, warm=True, zone="cloud"),
        _ranked("cold too", 0.7),
    ],
)
def test_only_a_warm_local_model_above_the_floor_is_kept(other: Ranked) -> None:
    ranking = (_ranked("cold", 0.75, **COLD), other)
    assert keep_resident(ranking) == ranking


def test_loading_beside_the_others_is_no_swap() -> None:
    ranking = (_ranked("cold", 0.75, load_s=12.0), _ranked("warm", 0.7, warm=True))
    assert keep_resident(ranking) == ranking
    assert keep_resident(()) == ()

"""When a failing model rests, for how long, and how it comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.policy.circuit import (
    FAILURES_TO_OPEN,
    FIRST_REST_S,
    LONGEST_REST_S,
    LONGEST_TRIAL_S,
    Circuit,
)


def failed(circuit: Circuit, times: int, now_s: float) -> Circuit:
    for _ in range(times):
        circuit = circuit.after(False, now_s)
    return circuit


def test_a_new_circuit_is_closed_and_well() -> None:
    assert not Circuit().is_open(0.0)
    assert Circuit().health == 1.0


def test_it_opens_at_the_third_failure_in_a_row() -> None:
    assert not failed(Circuit(), FAILURES_TO_OPEN - 1, 100.0).is_open(100.0)
    assert failed(Circuit(), FAILURES_TO_OPEN, 100.0).is_open(100.0)


def test_a_success_between_failures_keeps_it_closed() -> None:
    circuit = failed(Circuit(), FAILURES_TO_OPEN - 1, 0.0).after(True, 0.0)
    assert not failed(circuit, FAILURES_TO_OPEN - 1, 0.0).is_open(0.0)


def test_after_its_rest_it_may_be_tried_and_a_success_closes_it() -> None:
    circuit = failed(Circuit(), FAILURES_TO_OPEN, 100.0)
    assert circuit.is_open(100.0 + FIRST_REST_S - 0.01)
    assert not circuit.is_open(100.0 + FIRST_REST_S)
    closed = circuit.after(True, 100.0 + FIRST_REST_S)
    assert (closed.failures, closed.open_until_s) == (0, 0.0)
    assert not failed(closed, FAILURES_TO_OPEN - 1, 200.0).is_open(200.0)


def test_each_failed_try_doubles_the_rest_up_to_a_bound() -> None:
    circuit = failed(Circuit(), FAILURES_TO_OPEN, 0.0)
    rests = []
    for _ in range(8):
        now_s = circuit.open_until_s
        circuit = circuit.after(False, now_s)
        rests.append(circuit.open_until_s - now_s)
    assert rests == [30.0, 60.0, 120.0, 240.0, *[LONGEST_REST_S] * 4]


def test_failures_under_way_while_it_rests_do_not_lengthen_the_rest() -> None:
    circuit = failed(Circuit(), FAILURES_TO_OPEN, 0.0)
    later = failed(circuit, 20, 1.0)
    assert (later.failures, later.open_until_s) == (FAILURES_TO_OPEN, FIRST_REST_S)
    assert later.health < circuit.health


def test_a_model_that_is_gone_for_weeks_is_still_counted() -> None:
    circuit = Circuit()
    for _ in range(3000):
        circuit = circuit.after(False, circuit.open_until_s)
    assert circuit.is_open(circuit.open_until_s - 1.0)


@given(results=st.lists(st.booleans(), max_size=60))
def test_health_stays_within_bounds_and_follows_the_newest_result(results: list[bool]) -> None:
    circuit = Circuit()
    for number, ok in enumerate(results):
        before = circuit.health
        circuit = circuit.after(ok, float(number))
        assert 0.0 <= circuit.health <= 1.0
        assert circuit.health >= before if ok else circuit.health <= before


def test_health_moves_a_fifth_of_the_way() -> None:
    assert Circuit().after(False, 0.0).health == pytest.approx(0.8)
    assert Circuit(0.5).after(True, 0.0).health == pytest.approx(0.6)


def test_a_backend_that_asks_to_be_left_alone_is_at_once_and_for_that_long() -> None:
    circuit = Circuit().after(False, 100.0, 7.0)
    assert circuit.is_open(106.9)
    assert not circuit.is_open(107.0)
    assert circuit.failures == 1


def test_no_backend_can_ask_to_be_left_alone_for_ever() -> None:
    assert not Circuit().after(False, 0.0, 1e9).is_open(LONGEST_REST_S)


def test_half_open_it_lets_one_request_through_and_the_others_wait_for_its_result() -> None:
    rested = failed(Circuit(), FAILURES_TO_OPEN, 0.0)
    now_s = rested.open_until_s
    trying = rested.entered(now_s)
    assert trying.is_open(now_s + 1.0)
    assert not trying.after(True, now_s + 2.0).is_open(now_s + 2.0)
    again = trying.after(False, now_s + 2.0)
    assert again.open_until_s == now_s + 2.0 + 2 * FIRST_REST_S
    assert not again.is_open(again.open_until_s)
    # A request that was given up says nothing: the next one may try at once.
    assert not trying.left().is_open(now_s + 1.0)
    # One that never comes back does not close it for ever.
    assert not trying.is_open(now_s + LONGEST_TRIAL_S)


def test_a_closed_circuit_lets_everybody_through() -> None:
    for circuit in (Circuit(), failed(Circuit(), FAILURES_TO_OPEN - 1, 0.0)):
        assert not circuit.entered(5.0).is_open(5.0)


@given(st.lists(st.tuples(st.sampled_from(["ok", "failed", "left", "wait"]), st.floats(0, 40))))
def test_whatever_happens_there_is_never_more_than_one_trial(
    told: list[tuple[str, float]],
) -> None:
    circuit, now_s, trials = Circuit(), 0.0, 0
    for what, passed_s in told:
        now_s += passed_s
        if not circuit.is_open(now_s) and circuit.failures >= FAILURES_TO_OPEN:
            circuit, trials = circuit.entered(now_s), trials + 1
            assert circuit.is_open(now_s)
        if what == "left":
            circuit = circuit.left()
        elif what != "wait":
            circuit = circuit.after(what == "ok", now_s)
        assert 0.0 <= circuit.health <= 1.0

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.belief import Event
from routerd.core.session import Signs
from routerd.policy import hindsight
from routerd.policy.hindsight import EVENTS

BEFORE = st.floats() | st.floats(0, 1)
SOME = st.lists(st.sampled_from(sorted(EVENTS)))


def test_an_answer_that_only_came_is_no_better_than_was_expected() -> None:
    assert hindsight.chance(0.6, ()) == pytest.approx(0.6)
    assert hindsight.weight(()) == 0.0


@pytest.mark.parametrize("event", ["worked", "moved_on", "sound"])
def test_good_signs_raise_the_chance(event: Event) -> None:
    assert hindsight.chance(0.6, (event,)) > 0.6


@pytest.mark.parametrize("event", sorted(set(EVENTS) - {"worked", "moved_on", "sound"}))
def test_bad_signs_lower_it(event: Event) -> None:
    assert hindsight.chance(0.6, (event,)) < 0.6


@given(BEFORE, SOME)
def test_the_chance_is_always_one(before: float, events: list[Event]) -> None:
    assert 0.0 < hindsight.chance(before, events) < 1.0
    assert 0.0 <= hindsight.weight(events) <= 1.0


@given(st.floats(0, 1), st.floats(0, 1), SOME)
def test_events_keep_the_order_of_what_was_expected(
    one: float, two: float, events: list[Event]
) -> None:
    low, high = sorted((one, two))
    assert hindsight.chance(low, events) <= hindsight.chance(high, events) + 1e-12


def test_every_event_of_the_table_can_follow_both_kinds_of_answer() -> None:
    for found in EVENTS.values():
        assert 0.0 < found.good < 1.0
        assert 0.0 < found.bad < 1.0
        assert math.isfinite(found.weight)


def test_signs_become_events_and_a_turn_under_way_says_little() -> None:
    assert hindsight.events_of(Signs(against=("refused",), calm_turns=1)) == ("refused",)
    assert hindsight.events_of(Signs(well=True)) == ("worked",)
    assert hindsight.events_of(Signs(calm_turns=1)) == ("moved_on",)
    assert hindsight.events_of(Signs(tool_open=True)) == ()

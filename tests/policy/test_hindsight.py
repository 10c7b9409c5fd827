import math
import random

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


GOOD_SIGNS = ("sound", "worked", "moved_on")
JUDGED = st.lists(st.tuples(st.floats(), st.sets(st.sampled_from(sorted(EVENTS)))), max_size=40)


def test_without_a_word_of_the_users_the_table_is_the_judgement() -> None:
    for event, found in hindsight.fitted(()).items():
        told = EVENTS[event]
        assert found.good / found.bad == pytest.approx(told.good / told.bad, rel=1e-6)
        assert found.weight == told.weight


def test_the_users_words_move_it_and_many_of_them_decide() -> None:
    # On this machine a repeated edit follows good and bad answers alike.
    judged = [(1.0, {"edited_again"})] * 200 + [(0.0, {"edited_again"})] * 200
    found = hindsight.fitted(judged)["edited_again"]
    assert 0.85 < found.good / found.bad <= 1.0
    few = hindsight.fitted(judged[195:205])["edited_again"]
    assert few.good / few.bad < 0.6
    # And what was never seen again says less of all others only by its own share.
    assert hindsight.fitted(judged)["refused"].good < EVENTS["refused"].good


@pytest.mark.parametrize("true_good", [0.02, 0.1, 0.3])
def test_a_true_likelihood_is_found_from_a_thousand_words(true_good: float) -> None:
    chance = random.Random(7)
    judged = []
    for _ in range(1000):
        is_good = chance.random() < 0.6
        seen = chance.random() < (true_good if is_good else 0.45)
        judged.append((float(is_good), {"asked_again"} if seen else set()))
    found = hindsight.fitted(judged)["asked_again"]
    assert found.good / found.bad == pytest.approx(max(true_good / 0.45, 1 / 15), rel=0.35)


@given(BEFORE, SOME, st.sampled_from(sorted(EVENTS)), JUDGED)
def test_more_evidence_against_never_raises_the_chance_whatever_was_learnt(
    before: float, events: list[Event], one_more: Event, judged: list[tuple[float, set[Event]]]
) -> None:
    table = hindsight.fitted(judged)
    was = hindsight.chance(before, events, table)
    now = hindsight.chance(before, [*events, one_more], table)
    if one_more in GOOD_SIGNS:
        assert now >= was - 1e-12
    else:
        assert now <= was + 1e-12


@given(st.floats(0.05, 0.95), SOME, JUDGED)
def test_all_evidence_together_moves_the_odds_within_bounds(
    before: float, events: list[Event], judged: list[tuple[float, set[Event]]]
) -> None:
    now = hindsight.chance(before, events * 5, hindsight.fitted(judged))
    moved = now / (1.0 - now) / (before / (1.0 - before))
    assert 1.0 / hindsight.MOST - 1e-9 <= moved <= hindsight.MOST + 1e-6

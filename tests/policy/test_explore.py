"""Exploring: only where nothing is at stake, only who might be better, and never in silence."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.belief import Belief
from routerd.core.candidate import Candidate, Price
from routerd.core.decision import Decision
from routerd.core.features import Features, Needs, Reading
from routerd.core.policy import Finding
from routerd.core.session import Hold
from routerd.policy import explore
from routerd.policy.decide import Stance, decide

KNOWN = Candidate("p", "known", ability=2.2, ability_sd=0.3, warm=True, tokens_per_s=60)
NEW = Candidate("p", "new", ability=1.9, ability_sd=1.2, warm=True, tokens_per_s=50)
CLOUD = replace(NEW, provider="c", zone="cloud", price=Price(1, 0.1, 5))
EASY = Features(Reading("explanation", 0.9, 0.2), input_tokens=200)
ALWAYS = 1.0


def made(*candidates: Candidate, features: Features = EASY, **more: Any) -> Decision:
    given_ = candidates or (KNOWN, NEW)
    return replace(decide("d", features, given_, Stance()), **more)


def first(decision: Decision) -> str:
    return decision.ranked[0].candidate.model


def test_a_model_little_is_known_of_is_put_first_and_the_decision_says_why() -> None:
    settled = explore.settle(made(), ALWAYS)
    assert first(made()) == "known"
    assert first(settled) == "new"
    assert settled.explored.startswith("p/new instead of p/known: p(success) 0.")
    assert settled.reason.startswith("exploring p/new")
    # Whoever was first stands right behind: a failure falls back to it.
    assert settled.ranked[1].candidate.model == "known"


def test_who_is_well_known_is_not_explored() -> None:
    features = replace(EASY, beliefs={"p/new": Belief(0.0, 300.0)})
    assert first(explore.settle(made(features=features), ALWAYS)) == "known"


@pytest.mark.parametrize(
    "stakes",
    [
        {"hold": Hold("kept")},
        {"pinned": "p/known"},
        {"requested_model": "auto:best"},
        {"requested_model": "auto:cheap"},
        {"profile": "best"},
        {"findings": (Finding("secret", "d", 0, 0, 0, 4),)},
        {"features": replace(EASY, needs=Needs(tools=True))},
        {"features": replace(EASY, needs=Needs(json_schema=True))},
        {"features": replace(EASY, latency_class="completion")},
        {"features": replace(EASY, reading=Reading("debugging", 0.9, 0.8))},
    ],
    ids=str,
)
def test_where_something_is_at_stake_nothing_is_explored(stakes: dict[str, Any]) -> None:
    decision = replace(made(), **stakes)
    assert explore.settle(decision, ALWAYS) == decision


def test_a_cloud_never_stands_in_for_a_model_of_this_machine() -> None:
    decision = made(KNOWN, CLOUD)
    assert first(decision) == "known"
    assert explore.settle(decision, ALWAYS) == decision


def test_who_costs_more_is_far_slower_or_below_the_floor_does_not_stand_in() -> None:
    dear = replace(CLOUD, price=Price(30, 3, 90))
    cheap = replace(KNOWN, provider="c", zone="cloud", price=Price(1, 0.1, 5))
    for decision in (
        made(cheap, dear),
        made(KNOWN, replace(NEW, tokens_per_s=5)),
        made(KNOWN, replace(NEW, ability=-2.0)),
    ):
        assert first(decision) == "known"
        assert explore.settle(decision, ALWAYS) == decision


def test_the_share_is_kept_and_the_same_decision_is_made_again() -> None:
    settled = [explore.settle(replace(made(), id=f"{n:x}"), 0.05) for n in range(2000)]
    explored = [decision for decision in settled if decision.explored]
    assert 60 < len(explored) < 140
    assert explore.settle(replace(made(), id=explored[0].id), 0.05) == explored[0]
    assert explore.settle(made(), 0.0) == made()


@given(st.floats(-3, 4), st.floats(0, 3), st.floats(0, 500), st.floats(0, 1))
def test_whoever_is_put_first_was_admitted_above_the_floor_and_nobody_is_lost(
    ability: float, sd: float, answers: float, complexity: float
) -> None:
    features = Features(
        Reading("generation", 0.9, complexity), 200, beliefs={"p/new": Belief(0.0, answers)}
    )
    decision = made(KNOWN, replace(NEW, ability=ability, ability_sd=sd), CLOUD, features=features)
    settled = explore.settle(decision, ALWAYS)
    assert settled.ranked[0].above_floor
    assert sorted(e.candidate.name for e in settled.ranked) == sorted(
        e.candidate.name for e in decision.ranked
    )
    assert bool(settled.explored) == (settled.ranked[0] is not decision.ranked[0])

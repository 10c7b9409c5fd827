from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate, Price
from routerd.core.decision import Decision
from routerd.core.features import Features, Reading
from routerd.core.session import Hold, Signs, Standing
from routerd.policy import session
from routerd.policy.decide import Stance, decide
from tests.fakes.candidates import CANDIDATES, FEATURES

SMALL = Candidate("p", "small", ability=1.0, warm=True)
MIDDLE = Candidate("p", "middle", "cloud", ability=2.5, warm=True, price=Price(1, 0.1, 4))
LARGE = Candidate("p", "large", "cloud", ability=4.0, warm=True, price=Price(3, 0.3, 15))
ALL = (SMALL, MIDDLE, LARGE)
EASY, HARD = 0.05, 0.7


def decision(complexity: float, *candidates: Candidate, tokens: int = 200) -> Decision:
    features = Features(Reading("generation", 1.0, complexity), input_tokens=tokens)
    return decide("d", features, candidates or ALL, Stance())


def settled(made: Decision, model: str, signs: Signs = Signs(), **more: object) -> Decision:  # noqa: B008
    return session.settle(made, replace(Standing("k", model), **more), signs)


def first(made: Decision) -> str:
    assert made.chosen is not None
    return made.chosen.candidate.model


def test_the_first_turn_is_decided_by_the_ranking_alone() -> None:
    made = decision(EASY)
    assert session.settle(made, Standing("k"), Signs()).ranked == made.ranked


def test_a_pin_of_the_client_goes_before_the_conversation() -> None:
    pinned = replace(decision(EASY), pinned="p/small")
    assert settled(pinned, "p/large", Signs(tool_open=True)).ranked == pinned.ranked


@pytest.mark.parametrize("signs", [Signs(tool_open=True), Signs(signed=True)])
@pytest.mark.parametrize("complexity", [EASY, HARD])
@pytest.mark.parametrize("holder", ["p/small", "p/middle", "p/large"])
def test_no_switch_while_a_tool_call_is_open_or_thinking_is_signed(
    signs: Signs, complexity: float, holder: str
) -> None:
    made = settled(decision(complexity), holder, signs, rung=9.0)
    assert f"p/{first(made)}" == holder
    assert made.hold.action == "kept"


def test_evidence_seen_while_a_tool_call_is_open_latches_and_acts_at_the_boundary() -> None:
    seen = settled(decision(EASY), "p/small", Signs(True, against=("tool_failed_twice",)))
    assert (first(seen), seen.hold.action) == ("small", "kept")
    assert seen.hold.rung is not None
    after = settled(decision(EASY), "p/small", Signs(), rung=seen.hold.rung)
    assert (first(after), after.hold.action) == ("middle", "escalated")


def test_a_latch_holds_on_easy_turns_and_is_let_go_after_calm_ones() -> None:
    held = settled(decision(EASY), "p/middle", Signs(calm_turns=1), rung=2.0)
    assert (first(held), held.hold.rung) == ("middle", 2.0)
    calm = Signs(calm_turns=session.CALM_TURNS + 1)
    down = settled(decision(EASY), "p/middle", calm, rung=2.0)
    assert (first(down), down.hold.action, down.hold.rung) == ("small", "stepped_down", None)


def test_the_strongest_keeps_the_conversation_when_nobody_is_stronger() -> None:
    made = settled(decision(EASY), "p/large", Signs(against=("asked_again",)))
    assert (first(made), made.hold.action) == ("large", "kept")
    assert "stronger" in made.hold.because


def test_a_lead_smaller_than_the_lost_prefix_is_no_reason_to_switch() -> None:
    twin = replace(LARGE, model="twin", price=Price(2.9, 0.3, 14))
    made = decision(HARD, LARGE, twin, tokens=50_000)
    assert first(made) == "twin"
    assert first(settled(made, "p/large", cached_tokens=48_000)) == "large"
    # Without a prefix to lose the same lead has to beat the slack alone.
    lead = made.ranked[0].total - made.ranked[1].total
    kept = first(settled(made, "p/large")) == "large"
    assert kept is (lead <= session.SLACK)


def test_staying_is_worth_more_the_more_is_cached() -> None:
    made = decision(HARD, tokens=50_000)
    holder = next(entry for entry in made.ranked if entry.candidate.model == "large")
    worth = [session.total_when_staying(made, holder, n) for n in (0, 1000, 20_000, 50_000)]
    assert worth == sorted(worth)
    assert worth[0] == pytest.approx(holder.total)
    assert worth[-1] > worth[0] + 0.01


def test_a_model_below_the_quality_floor_loses_the_conversation_whatever_is_cached() -> None:
    made = settled(decision(0.9), "p/small", cached_tokens=4000)
    assert first(made) == "large"
    assert "quality floor" in made.hold.because


def test_a_model_that_may_no_longer_answer_is_replaced_by_one_that_reaches_the_rung() -> None:
    made = settled(decision(EASY, SMALL, LARGE), "p/middle", Signs(tool_open=True), rung=2.0)
    assert (first(made), made.hold.action) == ("large", "forced")


def test_nobody_to_choose_from_stays_nobody() -> None:
    empty = replace(decision(EASY), ranked=())
    assert settled(empty, "p/small").ranked == ()


@given(
    FEATURES,
    st.lists(CANDIDATES, max_size=5, unique_by=lambda c: c.name),
    st.builds(
        Signs,
        st.booleans(),
        st.booleans(),
        st.lists(st.sampled_from(["asked_again", "refused"]), unique=True).map(tuple),
        st.booleans(),
        st.integers(0, 6),
    ),
    st.integers(0, 10**6),
)
def test_a_conversation_reorders_and_never_adds_or_takes_away(
    features: Features, candidates: list[Candidate], signs: Signs, cached: int
) -> None:
    made = decide("d", features, candidates, Stance())
    for entry in made.ranked[-1:]:
        out = settled(made, entry.candidate.name, signs, cached_tokens=cached)
        names = sorted(e.candidate.name for e in out.ranked)
        assert names == sorted(e.candidate.name for e in made.ranked)
        assert isinstance(out.hold, Hold)
        if signs.tool_open or signs.signed:
            assert out.ranked[0] == entry

"""A decision's first choice and its reason in one line."""

from dataclasses import replace

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.features import Features, Reading

TERMS = Terms(0.5, 0.5, 0.5, 0.5, 0.5)
RANKED = Ranked(Candidate("p", "m"), TERMS, 0.5, 0.75, 0.0, 1.0)
DECISION = Decision(
    id="1",
    features=Features(Reading("debugging", 0.9, 0.25)),
    ranked=(RANKED,),
    exclusions=(Exclusion(Candidate("p", "n"), "usable", "gone"),),
    weights=TERMS,
    profile="balanced",
)


def test_the_first_of_the_ranking_is_chosen_and_the_reason_says_why() -> None:
    assert DECISION.chosen is RANKED
    assert DECISION.reason == (
        "debugging complexity 0.25; score 0.500, p(success) 0.75, 1 of 2 candidates"
    )


def test_nobody_is_chosen_of_an_empty_ranking() -> None:
    empty = replace(DECISION, ranked=())
    assert empty.chosen is None
    assert empty.reason == "no candidate"


def test_a_pin_is_the_reason() -> None:
    assert replace(DECISION, pinned="p/m").reason == "pinned by the client: p/m"

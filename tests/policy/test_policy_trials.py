"""The tests a policy brings along."""

import pytest

from routerd.core.policy import (
    Condition,
    Policy,
    PolicyTest,
    Rule,
    Sample,
    SampleRequest,
    Screening,
    Selector,
)
from routerd.policy.policy_trials import facts_of, run_all
from routerd.policy.schedule import Moment

RULE = Rule("docs", when=Condition(task=("documentation",)), forbid=Selector(tier=("premium",)))
DOCS = SampleRequest(task="documentation")
PREMIUM = Sample(tier="premium")


def complaints(test: PolicyTest, *rules: Rule) -> tuple[str, ...]:
    policy = Policy(rule=rules or (RULE,), test=(test,), screening=Screening("mask"))
    (trial,) = run_all(policy)
    return trial.complaints


def test_a_test_that_holds_has_no_complaints() -> None:
    good = PolicyTest(
        "t",
        DOCS,
        rules=("docs",),
        refuses=(PREMIUM,),
        allows=(Sample(), Sample("device")),
        pin="",
        floor=0.0,
    )
    assert complaints(good) == ()


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (PolicyTest("t", DOCS, rules=()), "rules [docs] apply, not []"),
        (PolicyTest("t", DOCS, allows=(PREMIUM,)), "tier premium is refused: policy rule docs"),
        (PolicyTest("t", DOCS, refuses=(Sample("device"),)), "zone device, tier local is allowed"),
        (PolicyTest("t", DOCS, pin="a/b"), "the pin is '', not 'a/b'"),
        (PolicyTest("t", DOCS, floor=0.5), "the floor is 0, not 0.5"),
        (
            PolicyTest("t", SampleRequest(sensitivity=("secret",)), sensitive="block"),
            "the verdict on what was found is mask, not block",
        ),
    ],
)
def test_a_test_that_does_not_hold_says_what_is_so(test: PolicyTest, words: str) -> None:
    (complaint,) = complaints(test)
    assert words in complaint


def test_a_sample_request_stands_for_facts_at_its_time() -> None:
    facts = facts_of(SampleRequest(path=("a.py",), time="Sun 23:00"))
    assert facts.moment == Moment(6, 1380)
    assert facts.paths == ("a.py",)

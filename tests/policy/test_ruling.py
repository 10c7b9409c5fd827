"""Which rules apply, and what they make of a candidate."""

import math

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.policy import Condition, Finding, Policy, Rule, Screening, Selector, Tier, Tiers
from routerd.policy.conditions import Facts
from routerd.policy.ruling import (
    Subject,
    refusal,
    rule_on,
    subject_of,
    tier_of,
    unpriced,
    verdict_on,
)

DOCS = Rule("docs", when=Condition(task=("documentation",)), forbid=Selector(tier=("premium",)))
BILLING = Rule(
    "billing", when=Condition(path=("src/billing/**",)), require=Selector(tier=("premium",))
)
OPUS = Subject("anthropic/opus", "cloud", "premium", 0.4)
HAIKU = Subject("anthropic/haiku", "cloud", "economy", 0.01)
HOME = Subject("ollama/qwen", "device", "local")


def policy(*rules: Rule, **more: object) -> Policy:
    return Policy(rule=rules, **more)  # type: ignore[arg-type]


def test_never_premium_for_documentation_is_one_rule() -> None:
    ruling = rule_on(policy(DOCS), Facts(task="documentation"))
    assert refusal(OPUS, ruling) == "policy rule docs: forbids tier premium"
    assert refusal(HAIKU, ruling) is None
    assert refusal(HOME, ruling) is None
    assert refusal(OPUS, rule_on(policy(DOCS), Facts(task="review"))) is None


def test_business_critical_paths_only_on_premium_is_one_rule() -> None:
    ruling = rule_on(policy(BILLING), Facts(paths=("/w/src/billing/tax.py",)))
    assert refusal(OPUS, ruling) is None
    assert "requires tier premium; this is local" in (refusal(HOME, ruling) or "")
    assert refusal(HOME, rule_on(policy(BILLING), Facts(paths=("src/blog/x.py",)))) is None


def test_every_rule_that_applies_counts() -> None:
    both = rule_on(policy(DOCS, BILLING), Facts(task="documentation", paths=("src/billing/a.md",)))
    assert both.ids == ("docs", "billing")
    assert all(refusal(subject, both) for subject in (OPUS, HAIKU, HOME))


def test_an_exception_keeps_a_rule_from_applying() -> None:
    rule = Rule("home", unless=Condition(client=("ci*",)), allow_zones=("device",))
    assert rule_on(policy(rule), Facts(client="cursor")).ids == ("home",)
    assert rule_on(policy(rule), Facts(client="ci-bot")).ids == ()


def test_the_first_pin_and_the_strictest_limits_are_in_force() -> None:
    ruling = rule_on(
        policy(
            Rule("a", pin="anthropic/*", floor=0.8, max_cost=0.5),
            Rule("b", pin="ollama/qwen", floor=0.95, max_cost=0.1),
        ),
        Facts(),
    )
    assert ruling.pin == ("anthropic/*", "a")
    assert ruling.floor == 0.95
    assert refusal(HOME, ruling) == "policy rule a: only anthropic/* may answer"
    assert "more than 0.1 a request" in (refusal(OPUS, ruling) or "")
    assert refusal(HAIKU, ruling) is None


def test_a_price_that_is_no_number_passes_no_limit() -> None:
    ruling = rule_on(policy(Rule("cap", max_cost=1.0)), Facts())
    assert refusal(Subject("x/y", "cloud", "premium", math.nan), ruling) is not None


def test_zones_providers_and_models_are_told_by_name() -> None:
    ruling = rule_on(policy(Rule("z", allow_zones=("device", "network"))), Facts())
    assert "zone cloud is not among device, network" in (refusal(OPUS, ruling) or "")
    forbid = rule_on(
        policy(Rule("f", forbid=Selector(provider=("anthropic",), model=("op*",)))), Facts()
    )
    assert refusal(OPUS, forbid) is not None
    assert refusal(HAIKU, forbid) is None


@pytest.mark.parametrize(
    ("candidate", "tier"),
    [
        (Candidate("ollama", "qwen"), "local"),
        (Candidate("team", "vllm", zone="network"), "local"),
        (Candidate("a", "opus", zone="cloud", price=Price(output=25)), "premium"),
        (Candidate("a", "sonnet", zone="cloud", price=Price(output=5)), "standard"),
        (Candidate("a", "haiku", zone="cloud", price=Price(output=1)), "economy"),
        (Candidate("a", "who-knows", zone="cloud"), "premium"),
        (Candidate("team", "big", zone="network"), "premium"),
    ],
)
def test_the_tier_is_named_or_follows_from_zone_and_price(candidate: Candidate, tier: Tier) -> None:
    tiers = Tiers(premium=("team/big",))
    assert tier_of(candidate, tiers) == tier


def test_the_stricter_of_two_verdicts_counts() -> None:
    secret, person = Finding("secret", "k", 0, 0, 0, 1), Finding("personal", "e", 0, 0, 0, 1)
    calm = policy(screening=Screening("mask", "allow"))
    assert verdict_on(rule_on(calm, Facts()), []) == "allow"
    assert verdict_on(rule_on(calm, Facts()), [person]) == "allow"
    assert verdict_on(rule_on(calm, Facts()), [person, secret]) == "mask"
    strict = policy(Rule("s", sensitive="block"), screening=Screening("mask", "allow"))
    assert verdict_on(rule_on(strict, Facts()), [person]) == "block"


def test_a_cloud_model_without_a_price_passes_no_limit_of_money() -> None:
    unknown, free = Candidate("a", "who-knows", zone="cloud"), Candidate("ollama", "qwen")
    ruling = rule_on(policy(Rule("cap", max_cost=1.0)), Facts())
    assert unpriced(unknown)
    assert not unpriced(free)
    assert "its price is not known" in (refusal(subject_of(unknown, ruling, 0.0), ruling) or "")
    assert refusal(subject_of(free, ruling, 0.0), ruling) is None

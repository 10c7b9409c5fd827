"""Rules that never matter and rules that leave nobody."""

from routerd.core.policy import Condition, Policy, Range, Rule, Selector
from routerd.policy.policy_faults import Fault, faults

LOCAL = Rule("local", allow_zones=("device",))
DOCS = Condition(task=("documentation",))
PREMIUM = Selector(tier=("premium",))


def found(*rules: Rule) -> list[tuple[str, int, str]]:
    return [(fault.kind, fault.rule, fault.key) for fault in faults(Policy(rule=rules))]


def test_sound_rules_have_no_faults() -> None:
    assert found(LOCAL, Rule("docs", when=DOCS, forbid=PREMIUM)) == []


def test_what_can_never_fit_is_found() -> None:
    upside = Rule("u", when=Condition(complexity=Range(0.9, 0.1)), floor=0.9)
    excepted = Rule("e", when=DOCS, unless=Condition(), floor=0.9)
    idle = Rule("i", when=DOCS)
    assert found(upside, excepted, idle) == [
        ("unreachable", 0, "when.complexity"),
        ("unreachable", 1, "unless"),
        ("unreachable", 2, "id"),
    ]


def test_a_rule_behind_a_stricter_one_and_a_second_pin_are_found() -> None:
    assert found(LOCAL, Rule("docs", when=DOCS, allow_zones=("device", "network"))) == [
        ("unreachable", 1, "id")
    ]
    assert found(Rule("a", pin="x/y"), Rule("b", when=DOCS, pin="z/y")) == [
        ("unreachable", 1, "pin")
    ]


def test_a_rule_that_is_stricter_than_the_one_before_is_none_of_it() -> None:
    assert found(Rule("a", max_cost=1.0), Rule("b", when=DOCS, max_cost=0.1)) == []
    assert found(Rule("a", floor=0.9), Rule("b", when=DOCS, floor=0.5)) == [
        ("unreachable", 1, "id")
    ]


def test_contradictions_are_found_within_a_rule_and_between_two() -> None:
    assert found(Rule("none", allow_zones=())) == [("contradictory", 0, "allow_zones")]
    assert found(Rule("self", allow_zones=("device",), require=PREMIUM)) == [
        ("contradictory", 0, "require")
    ]
    assert found(Rule("never", forbid=PREMIUM), Rule("docs", when=DOCS, require=PREMIUM)) == [
        ("contradictory", 1, "require")
    ]
    assert found(LOCAL, Rule("cloud", when=DOCS, allow_zones=("cloud",))) == [
        ("contradictory", 1, "allow_zones")
    ]
    assert found(
        Rule("no", forbid=Selector(provider=("openai",))), Rule("pin", when=DOCS, pin="openai/gpt")
    ) == [("contradictory", 1, "require")]


def test_what_may_meet_is_told_as_that_and_an_exception_settles_it() -> None:
    billing = Condition(path=("billing/**",))
    docs = Rule("docs", when=DOCS, forbid=PREMIUM)
    (fault,) = faults(Policy(rule=(docs, Rule("b", when=billing, require=PREMIUM))))
    assert fault == Fault(
        "perhaps contradictory",
        1,
        "require",
        "tier premium is required and ruled out where rule docs applies as well",
        certain=False,
    )
    settled = Rule("b", when=billing, unless=DOCS, require=PREMIUM)
    assert found(docs, settled) == []


def test_rules_that_never_meet_do_not_contradict() -> None:
    day = Rule("day", when=Condition(time=("08:00-18:00",)), allow_zones=("device",))
    night = Rule("night", when=Condition(time=("18:00-08:00",)), allow_zones=("cloud",))
    assert found(day, night) == []

from routerd.core.policy import Condition, Policy, Range, Rule, Selector
from routerd.dashboard import rule_words

RULE = Rule(
    "work",
    when=Condition(
        task=("testing", "review"), complexity=Range(0.2, 0.8), workspace=("~/work/**",)
    ),
    unless=Condition(client=("cli",)),
    allow_zones=("device", "network"),
    forbid=Selector(tier=("premium",)),
    require=Selector(provider=("ollama",)),
    max_cost=0.05,
    pin="ollama/*",
    floor=0.9,
    sensitive="mask",
)


def test_a_rule_is_told_in_words_with_how_often_it_applied() -> None:
    policy = Policy(currency="EUR", rule=(RULE, Rule("idle")))
    ever = {"work": {"hits": 8, "last_unix_s": 5.0}, "gone": {"hits": 16, "last_unix_s": 1.0}}
    work, idle = rule_words.rules(policy, ever, {"work": 3})
    assert work["when"] == [
        "complexity 0.2 to 0.8",
        "task testing or review",
        "workspace ~/work/**",
    ]
    assert work["unless"] == ["client cli"]
    assert work["then"] == [
        "only device and network",
        "not tier premium",
        "must be provider ollama",
        "at most 0.05 EUR a request",
        "pinned to ollama/*",
        "quality floor 0.9",
        "findings: mask",
    ]
    assert (work["hits"], work["since_start"], work["share"], work["last_unix_s"]) == (8, 3, 50, 5)
    assert (idle["when"], idle["then"], idle["hits"]) == (["any request"], [], 0)


def test_a_rule_that_allows_no_zone_says_nowhere() -> None:
    assert rule_words.effect(Rule("none", allow_zones=()), "USD") == ["only nowhere"]

"""A decision's reasons in words."""

from typing import Any

import pytest

from routerd.cli import reasons


@pytest.mark.parametrize(
    ("usd", "told"),
    [(0.0, "free"), (0.00001, "<$0.0001"), (0.0123, "$0.0123"), (1.5, "$1.50")],
)
def test_money_has_as_many_digits_as_tell_something(usd: float, told: str) -> None:
    assert reasons.money(usd) == told


def change(kind: str, what: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "what": what, "winner": "a/b", "now": 0.2, "at": 0.1, **more}


def test_changes_come_with_the_plainest_first_and_the_nearest_weights_only() -> None:
    found = [
        *(change("weight", f"w{n}", at=0.2 + n / 10, bound="or more") for n in range(5, 0, -1)),
        change("weight", "cost", at=7.0, bound="or more"),
        change("complexity", "complexity", bound="or less"),
        change("admission", "offline", now=0.8, at=0.91),
        change("conversation", "a tool call is open"),
    ]
    told = [what for what, _ in reasons.changes(found)]
    assert told == [
        "a new conversation (here: a tool call is open)",
        "offline mode off: 0.910 to 0.800",
        "complexity 0.10 or less (read as 0.20)",
        "w1 weight 0.30 or more (now 0.20)",
        "w2 weight 0.40 or more (now 0.20)",
        "w3 weight 0.50 or more (now 0.20)",
    ]


def test_those_kept_out_for_one_reason_stand_together() -> None:
    found = [
        {"model": "a", "rule": "offline", "reason": "r"},
        {"model": "b", "rule": "usable", "reason": "no key"},
        {"model": "c", "rule": "usable", "reason": "no key"},
    ]
    assert reasons.grouped(found) == [("no key", ["b", "c"]), ("r", ["a"])]
    assert reasons.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({}, ""),
        ({"action": "first"}, "first turn: the scores decide"),
        ({"action": "kept", "before": "a", "because": "still the best"}, "kept: still the best"),
        (
            {"action": "escalated", "before": "a/s", "because": "refused", "evidence": ["refused"],
             "rung": 1.4},
            "escalated from a/s: refused; from now on ability 1.40 at least",
        ),
        (
            {"action": "forced", "before": "a/s", "because": "it is gone",
             "evidence": ["asked_again"]},
            "forced from a/s: it is gone (seen: asked again)",
        ),
    ],
)  # fmt: skip
def test_the_conversation_says_what_it_did(held: dict[str, Any], told: str) -> None:
    assert reasons.conversation(held) == told


def test_tokens_and_savings_are_told_where_they_are_known() -> None:
    outcome = {
        "usage": {"input_tokens": 1200, "output_tokens": -1, "cached_tokens": 800},
        "cost_usd": 0.002,
        "baseline_cost_usd": 0.001,
    }
    assert reasons.sums(outcome, "x/y") == (
        "1,200 tokens in (800 cached), ? out, $0.0020; $0.0010 more against x/y"
    )
    assert reasons.sums({**outcome, "baseline_cost_usd": 0.0}, "x/y").endswith("$0.0020")

"""`routerd why` as it is drawn: complete, and within the terminal."""

from dataclasses import replace
from typing import Any

import pytest

from routerd.cli import why
from routerd.core.belief import Belief
from routerd.core.candidate import Candidate, Capabilities, Price
from routerd.core.decision import Decision
from routerd.core.features import Features, Needs, Neighbour, Reading
from routerd.core.outcome import Attempt, Outcome
from routerd.core.policy import Finding, Policy, Rule
from routerd.core.response import Usage
from routerd.core.session import Signs, Standing
from routerd.endpoints import views
from routerd.policy import session
from routerd.policy.decide import Stance, decide
from routerd.policy.ruling import Ruling
from tests.cli.golden import drawn, kept

WIDTHS = (80, 140)
CAN = Capabilities(tools=True, json_schema=True)
SMALL = Candidate(
    "ollama", "qwen2.5-coder:7b", ability=1.28, ability_sd=0.8, capabilities=CAN, warm=True,
    tokens_per_s=42.0, context_tokens=32_768,
)  # fmt: skip
MIDDLE = replace(
    SMALL, provider="lmstudio", model="qwen/qwen3-14b", ability=1.14, warm=False, load_s=9.0
)
FAST = Candidate(
    "anthropic", "claude-haiku-4-5", "cloud", 3.4, ability_sd=0.4, capabilities=CAN, warm=True,
    price=Price(1.0, 0.1, 5.0), tokens_per_s=120.0, prefill_tokens_per_s=4000.0,
)  # fmt: skip
LARGE = replace(FAST, model="claude-opus-4-6", ability=4.3, price=Price(5.0, 0.5, 25.0))
EMBEDDER = Candidate("ollama", "nomic-embed-text", capabilities=Capabilities(embeddings=True))
NO_KEY = [
    replace(FAST, provider="openai", model=f"gpt-5.{n}", usable=False, unusable_reason="no key")
    for n in range(5)
]
WORLD = (SMALL, MIDDLE, FAST, LARGE, EMBEDDER, *NO_KEY)
PAST = (
    Neighbour(SMALL.name, 0.9, 1.0, 60.0),
    Neighbour(SMALL.name, 0.8, 1.0, 600.0),
    Neighbour(SMALL.name, 0.7, 0.0, 6000.0),
    Neighbour(FAST.name, 0.6, 1.0, 60.0),
)
FEATURES = Features(
    Reading("debugging", 0.87, 0.36, "python"),
    1240,
    Needs(tools=True, context_tokens=2264),
    neighbours=PAST,
    understand_ms=3.1,
    beliefs={SMALL.name: Belief(0.22, 31.0)},
)


def made(**more: Any) -> Decision:
    decision = decide("1a21b04166a20ca602194", FEATURES, WORLD, Stance(**more))
    return replace(decision, decide_ms=2.25, baseline="anthropic/claude-sonnet-4-6")


FIRST = made()
OUTCOME = Outcome(
    FIRST.id,
    "stop",
    (
        Attempt(
            SMALL.name, 100.0, 1.2, -1.0, "unverified", "faults", 2, ("edit: path is missing",)
        ),
        Attempt(FAST.name, 101.2, 2.8, 0.6, None, "", 2),
    ),
    FAST.name,
    Usage(1310, 240, 900),
    0.0025,
    0.0075,
    0.6,
    4.0,
    1.0,
)
FACTS = {"client": "zed", "evidence": [{"kind": "moved_on", "value": 0.93}]}
RULED = decide(
    "2", FEATURES, WORLD, Stance(offline=True),
    ruling=Ruling(
        Policy(), (Rule("client-a-stays-here"),), (Finding("secret", "aws-key", 0, 0, 4, 24),), "mask"
    ),
)  # fmt: skip
HELD = session.settle(made(), Standing("k", MIDDLE.name), Signs(tool_open=True))
PICTURES: dict[str, tuple[Any, Any]] = {
    "why": (why.show, views.why(FIRST, OUTCOME, FACTS)),
    "why-held": (why.show, views.explained(HELD)),
    "why-ruled": (why.show, views.explained(RULED)),
    "why-nobody": (why.show, views.explained(decide("3", FEATURES, NO_KEY, Stance()))),
    "why-pinned": (
        why.show,
        views.explained(decide("4", FEATURES, WORLD, Stance(), requested_model=LARGE.name)),
    ),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PICTURES)
def test_it_looks_as_it_was_found_good(name: str, width: int) -> None:
    show, found = PICTURES[name]
    text = drawn(show, found, width)
    assert max(map(len, text.splitlines())) <= width
    assert text == kept(name, width).read_text("utf-8")


def test_a_decision_of_an_older_daemon_is_drawn_too() -> None:
    old = views.decision(FIRST)
    del old["floor"]
    text = drawn(why.show, old, 100)
    assert "ability" in text
    assert "this daemon is older" in text


def test_many_candidates_are_cut_short_unless_all_are_asked_for() -> None:
    world = [replace(FAST, model=f"m{n}") for n in range(12)]
    found = views.explained(decide("5", FEATURES, world, Stance()))
    assert "and 4 more (--all)" in drawn(why.show, found, 100)

    def everybody(*given: Any) -> None:
        why.show(*given, everybody=True)

    text = drawn(everybody, found, 100)
    assert "--all" not in text
    assert "anthropic/m11" in text

"""Every hard filter: whom it refuses, whom not, and in which words."""

from typing import Any

import pytest

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.features import Features, Needs
from routerd.policy.rules import POLICY_RULES, RULES, Circumstances, first_refusal

HERE = Candidate("p", "m")
CLOUD = Candidate("p", "m", zone="cloud")


def now(needs: Needs | None = None, **more: Any) -> Circumstances:
    return Circumstances(Features(needs=needs or Needs()), **more)


@pytest.mark.parametrize(
    ("rule", "candidate", "circumstances", "words"),
    [
        ("pinned", HERE, now(pinned="q/m"), "the client asked for q/m"),
        (
            "usable",
            Candidate("p", "m", usable=False, unusable_reason="broken file"),
            now(),
            "broken file",
        ),
        ("usable", Candidate("p", "m", usable=False), now(), "the engine says it can't be used"),
        ("offline", CLOUD, now(offline=True), "offline mode is on and zone cloud leaves"),
        (
            "offline",
            Candidate("p", "m", zone="network"),
            now(offline=True),
            "offline mode is on and zone network leaves",
        ),
        ("local-only", CLOUD, now(local_only=True), "auto:local was asked for and zone cloud"),
        ("capability", HERE, now(Needs(tools=True)), "can't do tool calls"),
        (
            "capability",
            HERE,
            now(Needs(vision=True, json_schema=True, fim=True)),
            "can't do images, JSON schema output, fill in the middle",
        ),
        ("kind", HERE, now(Needs(embeds=True)), "does not make embeddings"),
        (
            "kind",
            Candidate("p", "m", embeds_by_name=True),
            now(Needs(embeds=True)),
            "does not make embeddings",
        ),
        (
            "kind",
            Candidate("p", "m", capabilities=Capabilities(embeddings=True)),
            now(),
            "makes embeddings, not answers",
        ),
        (
            "native",
            Candidate("p", "m", speaks=("openai",)),
            now(Needs(native="anthropic")),
            "only the anthropic dialect can say",
        ),
        (
            "context",
            Candidate("p", "m", context_tokens=4096),
            now(Needs(context_tokens=4097)),
            "needs about 4097 tokens of context, 4096 are in effect",
        ),
        ("circuit", Candidate("p", "m", circuit_open=True), now(), "failed several times"),
        (
            "plumbing",
            Candidate("p", "m", plumbing=True),
            now(real_model_found=True),
            "a real model",
        ),
    ],
)
def test_a_rule_refuses_and_says_why(
    rule: str, candidate: Candidate, circumstances: Circumstances, words: str
) -> None:
    refusal = first_refusal(candidate, circumstances)
    assert refusal is not None
    assert refusal[0] == rule
    assert words in refusal[1]


@pytest.mark.parametrize(
    ("candidate", "circumstances"),
    [
        (HERE, now()),
        (HERE, now(pinned="p/m")),
        (HERE, now(offline=True, local_only=True)),
        (CLOUD, now()),
        (
            Candidate("p", "m", capabilities=Capabilities(True, True, True, True)),
            now(Needs(tools=True, vision=True, json_schema=True, fim=True)),
        ),
        (Candidate("p", "m", context_tokens=4096), now(Needs(context_tokens=4096))),
        (HERE, now(Needs(context_tokens=10**9))),
        (Candidate("p", "m", plumbing=True), now()),
        (Candidate("p", "m", plumbing=True), now(real_model_found=True, pinned="p/m")),
    ],
)
def test_nobody_refuses_who_fits(candidate: Candidate, circumstances: Circumstances) -> None:
    assert first_refusal(candidate, circumstances) is None


def test_the_first_refusal_in_the_order_of_the_list_is_told() -> None:
    broken = Candidate("p", "m", zone="cloud", usable=False, circuit_open=True)
    refusal = first_refusal(broken, now(offline=True, pinned="q/m"))
    assert refusal is not None
    assert refusal[0] == "pinned"
    # Offline a cloud can't be looked at; that it is one is the reason, not that it seems unwell.
    refusal = first_refusal(broken, now(offline=True))
    assert refusal is not None
    assert refusal[0] == "offline"
    refusal = first_refusal(broken, now())
    assert refusal is not None
    assert refusal[0] == "usable"


def test_the_rules_of_the_users_will_are_among_the_rules() -> None:
    names = [name for name, _ in RULES]
    assert len(set(names)) == len(names)
    assert set(names) >= POLICY_RULES


def test_a_speaker_of_the_clients_dialect_may_take_what_only_it_can_say() -> None:
    speaker = Candidate("p", "m", speaks=("anthropic",))
    assert first_refusal(speaker, now(Needs(native="anthropic"))) is None

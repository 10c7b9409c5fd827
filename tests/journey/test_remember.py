from typing import Any

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.decision import Decision, Ranked, Terms
from routerd.core.errors import NoCandidate, ProviderFailed, RouterdError
from routerd.core.features import Features
from routerd.core.outcome import Attempt
from routerd.core.request import Message, Request, Text, ToolResult
from routerd.core.response import Chunk, Finish, TextDelta, Usage
from routerd.journey.attempts import Journal
from routerd.journey.remember import facts_of, outcome_of

TERMS = Terms(0.2, 0.2, 0.2, 0.2, 0.2)
PRICED = Candidate("cloud", "big", zone="cloud", price=Price(3.0, 0.3, 15.0))
RANKED = Ranked(PRICED, TERMS, 0.5, 0.5, 0.0, 1.0)
DECISION = Decision("d1", Features(), (RANKED,), (), TERMS, "balanced")
ATTEMPT = Attempt("cloud/big", 0.0, 2.0, 0.4)


def _journal(*chunks: Chunk, attempts: tuple[Attempt, ...] = (ATTEMPT,)) -> Journal:
    journal = Journal(DECISION, list(attempts), winner=RANKED if chunks else None)
    for chunk in chunks:
        journal.assembler.add(chunk)
    return journal


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter"])
def test_a_complete_answer_is_a_success_with_its_counts_and_cost(reason: Any) -> None:
    journal = _journal(TextDelta("hi"), Finish(reason, Usage(1_000_000, 100_000)))
    outcome = outcome_of(DECISION, journal, 2.5, None)
    assert (outcome.finish, outcome.success, outcome.model) == (reason, 1.0, "cloud/big")
    assert outcome.usage == Usage(1_000_000, 100_000)
    assert outcome.cost_usd == pytest.approx(3.0 + 1.5)
    assert (outcome.decision_id, outcome.duration_s, outcome.ttft_s) == ("d1", 2.5, 0.4)
    assert outcome.attempts == (ATTEMPT,)
    assert outcome.error == ""


def test_what_only_checks_the_plumbing_saves_nothing() -> None:
    dear = Price(3.0, 0.3, 15.0)
    for plumbing, instead in ((False, 3.0), (True, 0.0)):
        local = Candidate("llamacpp", "m", plumbing=plumbing)
        journal = _journal(Finish("stop", Usage(1_000_000, 0)))
        journal.winner = Ranked(local, TERMS, 0.5, 0.5, 0.0, 1.0)
        made = outcome_of(DECISION, journal, 2.0, None, dear)
        assert made.baseline_cost_usd == pytest.approx(instead)


def test_counts_that_never_came_cost_nothing() -> None:
    outcome = outcome_of(DECISION, _journal(TextDelta("hi"), Finish("stop")), 1.0, None)
    assert outcome.cost_usd == 0.0


@pytest.mark.parametrize("chunks", [(), (TextDelta("half"),)])
def test_an_end_without_finish_and_without_error_is_a_client_that_left(
    chunks: tuple[Chunk, ...],
) -> None:
    outcome = outcome_of(DECISION, _journal(*chunks), 1.0, None)
    assert (outcome.finish, outcome.success) == ("cancelled", None)
    assert outcome.model == ("cloud/big" if chunks else "")
    assert outcome.usage == Usage()


@pytest.mark.parametrize(
    "error", [ProviderFailed("team broke off", "died"), NoCandidate("nobody"), RouterdError("x")]
)
def test_an_error_is_a_failure_and_its_text_is_kept(error: RouterdError) -> None:
    outcome = outcome_of(DECISION, _journal(TextDelta("half")), 1.0, error)
    assert (outcome.finish, outcome.success, outcome.error) == ("failed", 0.0, error.message)


def test_nobody_asked_is_an_outcome_too() -> None:
    outcome = outcome_of(DECISION, _journal(attempts=()), 0.0, NoCandidate("nobody"))
    assert (outcome.attempts, outcome.model, outcome.ttft_s) == ((), "", -1.0)


def test_facts_are_who_asked_and_a_digest() -> None:
    talk = (
        Message("user", (Text("my private prompt"),)),
        Message("tool", (ToolResult("1", "private result"),)),
    )
    request = Request(talk, client="cursor", session_key="s", workspace="/w", raw=b"private")
    facts = facts_of(request)
    assert {name: facts[name] for name in ("session", "client", "workspace", "dialect")} == {
        "session": "s",
        "client": "cursor",
        "workspace": "/w",
        "dialect": "openai",
    }
    assert len(facts["digest"]) == 64
    assert "private" not in repr(facts)


def test_the_digest_tells_the_same_from_another_and_takes_any_text() -> None:
    def digest(*texts: str) -> str:
        talk = tuple(Message("user", (Text(text),)) for text in texts)
        return str(facts_of(Request(talk))["digest"])

    assert digest("a") == digest("a")
    assert digest("a") != digest("b")
    assert digest("half \ud83d of it") != digest("a")

from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.features import Features
from routerd.core.outcome import Finish, Outcome
from routerd.core.request import Message, Request, Text
from routerd.core.response import Usage
from routerd.core.session import Hold, Standing
from routerd.policy.decide import Stance, decide
from routerd.sessions.ledger import CLOUD_CACHE_S, DEVICE_CACHE_S, Ledger

LOCAL = Candidate("p", "local", warm=True)
CLOUD = Candidate("p", "cloud", "cloud", warm=True)


def user(text: str) -> Message:
    return Message("user", (Text(text),))


DONE = Message("assistant", (Text("Done."),))
FIRST = Request((user("make it faster"),), client="agent")
SECOND = replace(FIRST, messages=(*FIRST.messages, DONE, user("now document it")))


class Clock:
    """A clock that the test turns."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def decision(identity: str = "d1", rung: float | None = None) -> Decision:
    made = decide(identity, Features(input_tokens=900), (LOCAL, CLOUD), Stance())
    return replace(made, hold=Hold("kept", rung=rung))


def outcome(model: str = "p/local", finish: Finish = "stop", tokens: int = 1200) -> Outcome:
    return Outcome("d1", finish, model=model, usage=Usage(tokens, 50))


def test_an_unknown_conversation_is_held_by_nobody() -> None:
    assert Ledger().standing(SECOND) == Standing(Ledger().standing(SECOND).key)


def test_whoever_answered_holds_the_conversation() -> None:
    ledger = Ledger()
    ledger.answered(FIRST, decision(), outcome())
    standing = ledger.standing(SECOND)
    assert (standing.model, standing.decision) == ("p/local", "d1")
    assert (standing.since, standing.seen, standing.cached_tokens) == (1, 1, 1200)


def test_the_same_opening_sent_again_is_a_conversation_that_nobody_holds() -> None:
    ledger = Ledger()
    ledger.answered(FIRST, decision(), outcome())
    assert ledger.standing(FIRST).model == ""


@pytest.mark.parametrize("finish", ["failed", "cancelled"])
def test_an_answer_that_did_not_come_changes_nothing(finish: Finish) -> None:
    ledger = Ledger()
    ledger.answered(FIRST, decision(), outcome(finish=finish))
    assert len(ledger) == 0


def test_a_new_holder_starts_with_a_clean_sheet_and_the_latch_stays() -> None:
    ledger = Ledger()
    ledger.answered(FIRST, decision(), outcome())
    ledger.answered(SECOND, decision("d2", rung=2.5), outcome("p/cloud"))
    third = replace(SECOND, messages=(*SECOND.messages, DONE, user("and test it")))
    standing = ledger.standing(third)
    assert (standing.model, standing.since, standing.rung) == ("p/cloud", 3, 2.5)


@pytest.mark.parametrize(
    ("model", "life_s"), [("p/cloud", CLOUD_CACHE_S), ("p/local", DEVICE_CACHE_S)]
)
def test_a_prefix_is_lost_after_a_while(model: str, life_s: float) -> None:
    clock = Clock()
    ledger = Ledger(clock=clock)
    ledger.answered(FIRST, decision(), outcome(model))
    clock.now_s += life_s - 1
    assert ledger.standing(SECOND).cached_tokens == 1200
    clock.now_s += 2
    assert ledger.standing(SECOND).cached_tokens == 0
    assert ledger.standing(SECOND).model == model


def test_an_edited_history_has_no_prefix_left() -> None:
    ledger = Ledger()
    ledger.answered(SECOND, decision(), outcome())
    edited = (FIRST.messages[0], Message("assistant", (Text("Rewound."),)), user("other"))
    standing = ledger.standing(replace(FIRST, messages=edited))
    assert (standing.model, standing.cached_tokens) == ("p/local", 0)


def test_where_the_engine_did_not_count_the_estimate_stands_in() -> None:
    ledger = Ledger()
    ledger.answered(FIRST, decision(), outcome(tokens=-1))
    assert ledger.standing(SECOND).cached_tokens == 900


def test_the_conversation_silent_longest_makes_room() -> None:
    ledger = Ledger(most=2)
    for number in range(3):
        request = replace(FIRST, session_key=str(number))
        ledger.answered(request, decision(), outcome())
    assert len(ledger) == 2
    assert ledger.standing(replace(SECOND, session_key="0")).model == ""
    assert ledger.standing(replace(SECOND, session_key="2")).model == "p/local"


def test_who_holds_what_is_listed_the_latest_first() -> None:
    clock = Clock()
    ledger = Ledger(clock=clock)
    ledger.answered(FIRST, decision("d1", rung=1.5), outcome("p/cloud"))
    clock.now_s += CLOUD_CACHE_S + 1
    ledger.answered(replace(FIRST, client="other"), decision("d2"), outcome())
    newest, oldest = ledger.held(10)
    assert (newest["model"], newest["decision"], newest["cached"]) == ("p/local", "d2", True)
    assert (oldest["rung"], oldest["leaves_machine"], oldest["cached"]) == (1.5, True, False)
    assert oldest["idle_s"] == CLOUD_CACHE_S + 1
    assert ledger.held(1) == [newest]

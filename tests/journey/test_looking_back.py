"""What the next request of a conversation teaches about the answer before; the rooms are real."""

from contextlib import aclosing
from dataclasses import dataclass, field, replace

import pytest

from routerd.core.features import Reading
from routerd.core.request import Message, Request, Text, ToolCall, ToolResult
from routerd.journey.attempts import Journal
from routerd.journey.route import Journey
from routerd.learning.learner import Learner
from routerd.policy.decide import Stance
from routerd.sessions.ledger import Ledger
from routerd.verification.verifier import AnswerVerifier
from tests.fakes.rooms import (
    GOOD,
    FixedCatalogue,
    FixedUnderstanding,
    ListMemory,
    ScriptedProvider,
    in_order,
)

pytestmark = pytest.mark.anyio


@dataclass
class Store:
    """Keeps what was seen."""

    evidence: list[str] = field(default_factory=list)

    def amend(self, decision_id: str, success: float) -> None:
        """Memories are not looked at here."""

    def note_evidence(self, decision_id: str, kind: str, value: float) -> None:
        self.evidence.append(kind)


def user(text: str) -> Message:
    return Message("user", (Text(text),))


FIRST = Request((user("make the parser accept empty input"),), client="agent")
DONE = Message("assistant", (Text("Done."),))


class House:
    """A journey that learns, over one scripted model."""

    def __init__(self) -> None:
        self.store = Store()
        self.learner = Learner(self.store)
        catalogue = FixedCatalogue(ScriptedProvider("p", {"one": GOOD}), listed=in_order("p/one"))
        self.journey = Journey(
            FixedUnderstanding(),
            ListMemory(),
            catalogue,
            Stance(),
            sessions=Ledger(),
            verifier=AnswerVerifier(),
            learning=self.learner,
        )

    async def ask(self, request: Request) -> Journal:
        journal = Journal()
        async with aclosing(self.journey.answer(request, journal)) as chunks:
            async for _ in chunks:
                continue
        return journal

    @property
    def shift(self) -> float:
        belief = self.learner.beliefs(["p/one"], FixedUnderstanding().reading).get("p/one")
        return belief.shift if belief else 0.0


async def test_asking_again_counts_against_the_answer_before() -> None:
    house = House()
    await house.ask(FIRST)
    again = user("That still doesn't work")
    journal = await house.ask(replace(FIRST, messages=(*FIRST.messages, DONE, again)))
    assert house.store.evidence == ["asked_again"]
    assert house.shift < 0
    # The next decision knows it already, and says so.
    assert journal.decision is not None
    assert journal.decision.features.beliefs["p/one"].shift == pytest.approx(house.shift)
    assert "by 1 answers" in journal.decision.ranked[0].notes[0]


async def test_going_on_to_something_else_counts_for_it() -> None:
    house = House()
    await house.ask(FIRST)
    await house.ask(replace(FIRST, messages=(*FIRST.messages, DONE, user("now add a changelog"))))
    assert house.store.evidence == ["moved_on"]
    assert house.shift > 0


async def test_looking_at_a_decision_teaches_nothing() -> None:
    house = House()
    await house.ask(FIRST)
    await house.journey.decide(replace(FIRST, messages=(*FIRST.messages, DONE, user("Wrong!"))))
    assert house.store.evidence == []
    assert house.shift == 0.0


async def test_a_turn_that_only_hands_over_what_a_tool_gave_is_read_as_the_one_before() -> None:
    house = House()
    understanding = house.journey.understanding
    assert isinstance(understanding, FixedUnderstanding)
    understanding.reading = Reading("debugging", 0.9, 0.5)
    await house.ask(FIRST)
    call = Message("assistant", (ToolCall("c1", "run", "{}"),))
    result = Message("tool", (ToolResult("c1", "2 passed"),))
    on = replace(FIRST, messages=(*FIRST.messages, call, result))
    understanding.reading = Reading("operations", 0.9, 0.1)
    made = (await house.ask(on)).decision
    assert made is not None
    assert made.features.reading.task == "debugging"
    assert len(understanding.requests) == 1
    # Another ask is read, although the model has not spoken since it called the tool.
    asked = (
        await house.ask(replace(on, messages=(*on.messages, user("explain mutexes"))))
    ).decision
    assert asked is not None
    assert asked.features.reading.task == "operations"
    assert len(understanding.requests) == 2


async def test_a_reading_that_came_too_late_is_not_inherited() -> None:
    house = House()
    understanding = house.journey.understanding
    assert isinstance(understanding, FixedUnderstanding)
    understanding.reading = Reading()
    await house.ask(FIRST)
    call = Message("assistant", (ToolCall("c1", "run", "{}"),))
    on = (*FIRST.messages, call, Message("tool", (ToolResult("c1", "2 passed"),)))
    before = len(understanding.requests)
    await house.ask(replace(FIRST, messages=on))
    assert len(understanding.requests) == before + 1

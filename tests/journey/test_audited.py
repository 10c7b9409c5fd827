"""What the audit log is told, and that nothing leaves without it."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from routerd.core import traffic
from routerd.core.candidate import Candidate
from routerd.core.request import Message, Request, Text
from routerd.journey.attempts import Journal
from routerd.journey.audited import Audit, AuditUnwritable
from routerd.journey.route import Journey
from routerd.policy.decide import Stance
from tests.fakes.rooms import GOOD, FixedCatalogue, FixedUnderstanding, ListMemory, ScriptedProvider

pytestmark = pytest.mark.anyio
PROMPT = "my private prompt about hedgehogs"
CLOUD, HOME = Candidate("p", "m", "cloud", 3.0), Candidate("p", "m")


@dataclass
class ListSink:
    """Keeps entries; `broken` stands for a full disk."""

    broken: bool = False
    entries: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def written(self, kind: str, facts: Mapping[str, Any]) -> bool:
        self.entries.append((kind, facts))
        return not self.broken

    def put(self, kind: str, facts: Mapping[str, Any]) -> None:
        self.entries.append((kind, facts))


async def ask(sink: ListSink, candidate: Candidate) -> ScriptedProvider:
    provider = ScriptedProvider("p", {"m": GOOD})
    journey = Journey(
        FixedUnderstanding(),
        ListMemory(),
        FixedCatalogue(provider, listed=(candidate,)),
        Stance(),
        audit=Audit(sink),
    )
    request = Request((Message("user", (Text(PROMPT),)),), client="cursor", workspace="/w")
    async with aclosing(journey.answer(request, Journal())) as chunks:
        async for _ in chunks:
            traffic.count("https://cloud:443", 100)
    return provider


async def test_before_it_leaves_and_at_the_end_it_is_told_without_a_word_of_it() -> None:
    sink = ListSink()
    await ask(sink, CLOUD)
    (first, before), (second, after) = sink.entries
    assert (first, second) == ("decided", "answered")
    assert before["may_leave_to"] == ["p/m"]
    assert after["model"] == "p/m"
    assert after["zone"] == "cloud"
    assert after["bytes_out"] > 0
    assert after["servers"] == ["https://cloud:443"]
    assert len(after["answer_digest"]) == len(after["prompt_digest"]) == 64
    assert "hedgehogs" not in repr(sink.entries)
    assert "Hello" not in repr(sink.entries)


async def test_what_stays_here_has_one_entry() -> None:
    sink = ListSink()
    await ask(sink, HOME)
    assert [kind for kind, _ in sink.entries] == ["answered"]


async def test_nothing_leaves_that_can_not_be_accounted_for() -> None:
    sink = ListSink(broken=True)
    with pytest.raises(AuditUnwritable, match="nothing is sent beyond this machine"):
        await ask(sink, CLOUD)
    assert [kind for kind, _ in sink.entries] == ["decided", "answered"]
    assert (await ask(ListSink(broken=True), HOME)).asked == ["p/m"]

import dataclasses
import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Timeouts
from routerd.core.decision import Decision
from routerd.core.errors import NoCandidate, NotFound, ProviderFailed
from routerd.core.features import Neighbour, Reading
from routerd.core.request import Message, Request, Text
from routerd.core.response import Chunk, Finish, TextDelta, Usage
from routerd.core.status import EngineStatus
from routerd.journey.attempts import Journal
from routerd.journey.route import Journey, new_id
from routerd.policy.decide import Stance
from tests.fakes.rooms import (
    GOOD,
    FixedCatalogue,
    FixedUnderstanding,
    ListMemory,
    ListWatcher,
    ScriptedProvider,
    Step,
    in_order,
)

pytestmark = pytest.mark.anyio

PROMPT = "my private prompt about hedgehogs"
HALF = TextDelta("half an")
DIED = ProviderFailed("one broke off", "died")


def _request(**more: Any) -> Request:
    talk = (Message("user", (Text(PROMPT),)),)
    return Request(talk, **({"wants_stream": True, "raw": PROMPT.encode()} | more))


class House:
    """A journey whose rooms are all in memory; provider `p` has the scripted models."""

    def __init__(
        self,
        scripts: Mapping[str, Sequence[Step]],
        *,
        listed: Sequence[Candidate] = (),
        engines: Sequence[EngineStatus] = (),
        near: tuple[Neighbour, ...] = (),
        timeouts: Timeouts = Timeouts(),  # noqa: B008  # frozen
        **stance: Any,
    ) -> None:
        self.provider = ScriptedProvider("p", scripts)
        names = [f"p/{model}" for model in scripts]
        self.catalogue = FixedCatalogue(
            self.provider, listed=listed or in_order(*names), engines=engines
        )
        self.memory = ListMemory(near)
        reading = Reading("generation", 0.9, 0.4, "python", b"\x01" * 4)
        understanding = FixedUnderstanding(reading)
        self.journey = Journey(
            understanding, self.memory, self.catalogue, Stance(**stance), timeouts
        )
        self.journal = Journal()

    def stream(self, request: Request | None = None) -> AsyncGenerator[Chunk]:
        return self.journey.answer(request or _request(), self.journal)

    async def answer(self, request: Request | None = None) -> list[Chunk]:
        with anyio.fail_after(5):
            async with aclosing(self.stream(request)) as chunks:
                return [chunk async for chunk in chunks]


async def test_an_answer_goes_the_whole_way_and_is_remembered() -> None:
    house = House({"one": GOOD, "two": GOOD})
    assert await house.answer(_request(client="cursor", workspace="/w")) == list(GOOD)
    ((decision, outcome, facts),) = house.memory.remembered
    assert decision == house.journal.decision
    assert decision.chosen is not None
    assert decision.chosen.candidate.name == "p/one"
    assert (outcome.decision_id, outcome.finish, outcome.model) == (decision.id, "stop", "p/one")
    assert (outcome.success, outcome.usage) == (1.0, Usage(7, 20))
    assert [attempt.model for attempt in outcome.attempts] == ["p/one"]
    assert (facts["client"], facts["workspace"]) == ("cursor", "/w")
    assert outcome.duration_s >= outcome.ttft_s >= 0


async def test_a_fallback_is_in_the_outcome_with_both_attempts() -> None:
    house = House({"one": [DIED], "two": GOOD})
    assert await house.answer() == list(GOOD)
    outcome = house.memory.outcome
    assert [(a.model, a.failure) for a in outcome.attempts] == [("p/one", "died"), ("p/two", None)]
    assert (outcome.model, outcome.finish, outcome.success) == ("p/two", "stop", 1.0)


async def test_a_failure_after_the_first_byte_is_told_and_remembered_as_one() -> None:
    house = House({"one": [HALF, DIED], "two": GOOD})
    with pytest.raises(ProviderFailed, match="one broke off"):
        await house.answer()
    outcome = house.memory.outcome
    assert (outcome.finish, outcome.success, outcome.model) == ("failed", 0.0, "p/one")
    assert outcome.error == "one broke off"
    assert house.provider.asked == ["p/one"]


@pytest.mark.parametrize("script", [[HALF, anyio.Event()], [HALF, *GOOD]])
async def test_a_client_that_leaves_is_remembered_as_cancelled(script: Sequence[Step]) -> None:
    house = House({"one": script, "two": GOOD})
    chunks = house.stream()
    assert await anext(chunks) == HALF
    assert house.provider.open == 1
    await chunks.aclose()
    assert house.provider.open == 0
    outcome = house.memory.outcome
    assert (outcome.finish, outcome.success, outcome.error) == ("cancelled", None, "")
    assert outcome.model == "p/one"
    assert house.catalogue.reports == []


@pytest.mark.parametrize("stream", [True, False])
async def test_a_cancelled_scope_reaches_the_provider_and_is_remembered(stream: bool) -> None:
    house = House({"one": [anyio.Event()], "two": GOOD})
    with anyio.move_on_after(0.05) as scope:
        await house.answer(_request(wants_stream=stream))
    assert scope.cancelled_caught
    assert house.provider.open == 0
    assert house.provider.asked == ["p/one"]
    assert house.memory.outcome.finish == "cancelled"


async def test_a_client_that_leaves_after_finish_has_its_answer() -> None:
    house = House({"one": GOOD})
    chunks = house.stream()
    while not isinstance(await anext(chunks), Finish):
        continue
    await chunks.aclose()
    assert (house.memory.outcome.finish, house.memory.outcome.success) == ("stop", 1.0)
    assert house.catalogue.reports[0].ok


async def test_a_crash_is_remembered_as_a_failure_not_as_a_client_that_left() -> None:
    house = House({"one": [KeyError(PROMPT)]})
    with pytest.raises(KeyError):
        await house.answer()
    outcome = house.memory.outcome
    assert (outcome.finish, outcome.success) == ("failed", 0.0)
    assert outcome.error == "routerd failed: KeyError"


async def test_a_late_backend_is_remembered_as_a_timeout() -> None:
    house = House({"one": [anyio.Event()]}, timeouts=Timeouts(first_token_s=0.05))
    with pytest.raises(ProviderFailed) as caught:
        await house.answer()
    assert caught.value.status_hint == 504
    assert house.memory.outcome.attempts[0].failure == "timeout"


async def test_without_any_model_the_error_names_what_was_looked_for() -> None:
    down = EngineStatus("ollama", "ollama", "device", "http://127.0.0.1:11434", False, 0, "refused")
    house = House({}, engines=[down])
    with pytest.raises(NoCandidate, match=re.escape("ollama (http://127.0.0.1:11434): refused")):
        await house.answer()
    outcome = house.memory.outcome
    assert (outcome.finish, outcome.attempts, outcome.model) == ("failed", (), "")


@pytest.mark.parametrize(
    ("model", "stance"),
    [("auto", {"offline": True}), ("auto:local", {}), ("c/big", {"offline": 1})],
)
async def test_what_policy_forbids_is_refused_by_policy(model: str, stance: Any) -> None:
    house = House({}, listed=in_order("c/big", zone="cloud"), **stance)
    with pytest.raises(NoCandidate, match="leaves this machine") as caught:
        await house.answer(_request(requested_model=model))
    assert caught.value.refused_by_policy
    assert caught.value.status_hint == 403


async def test_offline_nobody_outside_is_asked_even_when_all_at_home_fail() -> None:
    home, away = in_order("p/one"), in_order("c/big", zone="cloud")
    house = House({"one": [DIED]}, listed=[*away, *home], offline=True)
    with pytest.raises(ProviderFailed, match="one broke off"):
        await house.answer()
    assert house.provider.asked == ["p/one"]


async def test_a_pinned_model_has_no_stand_in() -> None:
    house = House({"one": GOOD, "two": [DIED]})
    with pytest.raises(ProviderFailed):
        await house.answer(_request(requested_model="p/two"))
    assert house.provider.asked == ["p/two"]


async def test_an_unknown_name_is_not_found_when_names_are_strict() -> None:
    house = House({"one": GOOD}, strict_models=True)
    with pytest.raises(NotFound, match="There is no model 'gpt-9'"):
        await house.answer(_request(requested_model="gpt-9"))
    assert house.memory.remembered == []
    assert house.provider.asked == []


async def test_deciding_asks_nobody_and_remembers_nothing() -> None:
    near = (Neighbour("p/two", 0.99, 1.0, 1.0),)
    house = House({"one": GOOD, "two": GOOD}, near=near)
    decision = await house.journey.decide(_request())
    assert [entry.candidate.model for entry in decision.ranked] == ["one", "two"]
    assert decision.features.neighbours == near
    assert decision.decide_ms > 0
    assert (house.provider.asked, house.memory.remembered) == ([], [])


async def test_past_outcomes_of_similar_tasks_move_the_choice() -> None:
    near = tuple(Neighbour("p/one", 0.99, 0.0, 1.0) for _ in range(16))
    house = House({"one": GOOD, "two": GOOD}, near=near)
    await house.answer()
    assert house.memory.outcome.model == "p/two"


async def test_the_retry_budget_is_shared_by_all_requests() -> None:
    house = House({"one": [DIED], "two": GOOD})
    for _ in range(3):
        house.journal = Journal()
        await house.answer()
    assert (house.journey.budget.requests, house.journey.budget.retries) == (3, 3)


@pytest.mark.parametrize("script", [GOOD, [HALF, DIED], [HALF, anyio.Event()], [KeyError(PROMPT)]])
async def test_neither_memory_nor_log_holds_prompt_or_answer(
    script: Sequence[Step], caplog: pytest.LogCaptureFixture
) -> None:
    house = House({"one": script}, timeouts=Timeouts(idle_s=0.05))
    with caplog.at_level(logging.DEBUG):
        try:
            await house.answer()
        except (ProviderFailed, KeyError):
            assert script is not GOOD
    kept = repr(house.memory.remembered) + caplog.text
    assert house.memory.remembered
    assert "hedgehog" not in kept
    assert "Hello" not in kept
    assert "half an" not in kept


async def test_many_at_once_keep_to_themselves() -> None:
    house = House({"one": GOOD})
    journals = [Journal() for _ in range(20)]

    async def ask(journal: Journal) -> None:
        async with aclosing(house.journey.answer(_request(), journal)) as chunks:
            async for _ in chunks:
                await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for journal in journals:
            group.start_soon(ask, journal)
    assert {journal.assembler.text for journal in journals} == {"Hello there"}
    decisions = [journal.decision for journal in journals]
    assert len({d.id for d in decisions if isinstance(d, Decision)}) == 20
    assert len(house.memory.remembered) == 20


def test_ids_sort_by_time_and_never_repeat() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [name[:11] for name in ids] == sorted(name[:11] for name in ids)
    assert all(re.fullmatch(r"[0-9a-f]{21}", name) for name in ids)


async def test_who_watches_is_told_of_every_step_and_of_the_end() -> None:
    house = House({"one": (DIED,), "two": GOOD})
    watcher = ListWatcher()
    house.journey = dataclasses.replace(house.journey, watcher=watcher)
    await house.answer()
    ((made, _, _),) = house.memory.remembered
    assert watcher.told == [
        ("decided", made.id),
        ("attempting", "p/one", 1),
        ("attempting", "p/two", 2),
        ("answered", "stop"),
    ]


async def test_what_the_baseline_would_have_cost_is_remembered() -> None:
    house = House({"one": GOOD}, baseline="anthropic/claude-sonnet")
    prices = {"anthropic/claude-sonnet": Price(3.0, 0.3, 15.0)}
    house.journey = dataclasses.replace(house.journey, price_of=prices.get)
    await house.answer()
    assert house.memory.outcome.baseline_cost_usd == pytest.approx((7 * 3.0 + 20 * 15.0) / 1e6)


async def test_a_failure_is_compared_with_nothing() -> None:
    house = House({"one": (DIED,)})
    house.journey = dataclasses.replace(house.journey, price_of=lambda _: Price(3.0, 0.3, 15.0))
    with pytest.raises(ProviderFailed):
        await house.answer()
    assert house.memory.outcome.baseline_cost_usd == 0.0

"""One queue over all engines of this machine, with scripted engines and with fakes of real ones."""

from contextlib import aclosing
from dataclasses import replace
from functools import partial

import anyio
import pytest

from routerd.core.candidate import Candidate
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.response import Chunk, Finish, Progress, TextDelta
from routerd.network.outbound import HttpOutbound
from routerd.network.sdk_transport import OutboundTransport
from routerd.providers import residency as module
from routerd.providers.lmstudio import LMStudioProvider
from routerd.providers.ollama import OllamaProvider
from routerd.providers.openai_compatible import Server
from routerd.providers.residency import RESERVE_BYTES, Residency, ResidentProvider
from tests.fakes.clouds import PATIENT, asking
from tests.fakes.lmstudio_server import CODER, FakeLMStudio
from tests.fakes.ollama_model import FakeModel
from tests.fakes.ollama_server import FakeOllama
from tests.fakes.rooms import GOOD, ScriptedProvider

pytestmark = pytest.mark.anyio
GB = 1_000_000_000
ONE = {"scripted": 1, "ollama": 1}


@pytest.fixture(autouse=True)
def impatient_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRESS_EVERY_S", 0.02)


async def _all(provider: ResidentProvider, candidate: Candidate) -> list[Chunk]:
    async with aclosing(provider.stream(asking(), candidate)) as stream:
        return [chunk async for chunk in stream]


def _cold(name: str, size_gb: float = 0.0) -> Candidate:
    engine, model = name.split("/")
    return Candidate(engine, model, load_s=3.0, size_bytes=int(size_gb * GB))


class Unloadable(ScriptedProvider):
    """Remembers what it was told to unload; `stuck` can't be."""

    def __init__(self, name: str, *models: str) -> None:
        super().__init__(name, dict.fromkeys(models, GOOD))
        self.unloaded: list[str] = []

    async def unload(self, model: str) -> bool:
        """Unload."""
        if model == "stuck":
            raise ProviderFailed("it did not answer", "timeout")
        self.unloaded.append(model)
        return True


async def test_a_mixed_queue_loads_each_model_once(outbound: HttpOutbound) -> None:
    """A B A B A A C, all at once, at an engine with one place: at most three loads."""
    models = {name: FakeModel(f"{name}:7b", load_s=0.05) for name in "abc"}
    with FakeOllama(*models.values()) as server:
        make = partial(OutboundTransport, outbound, first_byte_s=5.0, idle_s=5.0)
        engine = OllamaProvider("ollama", server.url, "device", make)
        provider = ResidentProvider(engine, Residency(places=ONE, parallel=ONE))
        _, found = await provider.discover()
        by_name = {candidate.model[0]: candidate for candidate in found}
        answers: list[Chunk] = []

        async def ask(name: str) -> None:
            answers.append((await _all(provider, by_name[name]))[-1])

        async with anyio.create_task_group() as group:
            for name in "abABAAC".lower():
                group.start_soon(ask, name)
        assert len(server.loads) <= 3
        assert {name for name, _ in server.loads} == {"a:7b", "b:7b", "c:7b"}
        # Those that left were told to.
        assert list(server.loaded) == ["c:7b"]
    assert len(answers) == 7
    assert all(isinstance(chunk, Finish) for chunk in answers)


async def test_a_model_of_another_engine_leaves_where_memory_is_short(
    outbound: HttpOutbound,
) -> None:
    with FakeOllama(FakeModel()) as ollama, FakeLMStudio(CODER) as studio:
        plan = Residency(lambda: 8 * GB + RESERVE_BYTES)
        make = partial(OutboundTransport, outbound, first_byte_s=5.0, idle_s=5.0)
        one = ResidentProvider(OllamaProvider("ollama", ollama.url, "device", make), plan)
        studio_engine = LMStudioProvider(Server("lmstudio", studio.url), outbound, PATIENT)
        two = ResidentProvider(studio_engine, plan)
        first = (await one.discover())[1][0]
        await _all(one, first)
        assert list(ollama.loaded) == [first.model]
        second = (await two.discover())[1][0]
        assert second.swap_s > 0
        chunks = await _all(two, second)
        assert Progress(f"loading {CODER.key}, about 5 s") in chunks
        assert ollama.loaded == {}
        assert list(studio.loaded) == [CODER.key]
        assert [resident.name for resident in plan.residents] == [second.name]


async def test_who_waits_is_told_how_many_are_before_it() -> None:
    gate = anyio.Event()
    engine = ScriptedProvider("scripted", {"a": (gate, *GOOD), "b": GOOD})
    provider = ResidentProvider(engine, Residency(places=ONE, parallel=ONE))
    told: list[Chunk] = []

    async def second() -> None:
        async with aclosing(provider.stream(asking(), _cold("scripted/b"))) as stream:
            async for chunk in stream:
                told.append(chunk)
                gate.set()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(_all, provider, _cold("scripted/a"))
            await anyio.wait_all_tasks_blocked()
            group.start_soon(second)
    assert told[0] == Progress("waiting for b: its engine is busy")
    assert isinstance(told[-1], Finish)
    assert engine.asked == ["scripted/a", "scripted/b"]


async def test_whoever_gives_up_waiting_leaves_the_queue() -> None:
    gate = anyio.Event()
    engine = ScriptedProvider("scripted", {"a": (gate, *GOOD), "b": GOOD})
    provider = ResidentProvider(engine, Residency(places=ONE, parallel=ONE))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(_all, provider, _cold("scripted/a"))
            await anyio.wait_all_tasks_blocked()
            waiting = provider.stream(asking(), _cold("scripted/b"))
            assert isinstance(await anext(waiting), Progress)
            await waiting.aclose()
            gate.set()
        await _all(provider, _cold("scripted/b"))
    assert engine.asked == ["scripted/a", "scripted/b"]
    assert engine.open == 0


async def test_the_load_time_is_learnt_from_the_first_word() -> None:
    plan = Residency()
    provider = ResidentProvider(ScriptedProvider("scripted", {"a": GOOD}), plan)
    await _all(provider, _cold("scripted/a"))
    found = (await provider.discover())[1][0]
    assert 0 < found.load_s < 1


async def test_a_model_that_never_answered_is_not_taken_for_loaded() -> None:
    broken = (ProviderFailed("no memory", "died"),)
    plan = Residency()
    provider = ResidentProvider(ScriptedProvider("scripted", {"a": broken}), plan)
    with pytest.raises(ProviderFailed):
        await _all(provider, _cold("scripted/a"))
    assert plan.residents == ()


async def test_what_can_not_be_unloaded_stops_nobody() -> None:
    engine = Unloadable("scripted", "stuck", "next")
    provider = ResidentProvider(engine, Residency(places=ONE, parallel=ONE))
    await _all(provider, _cold("scripted/stuck"))
    await _all(provider, _cold("scripted/next"))
    await _all(provider, _cold("scripted/stuck"))
    assert engine.unloaded == ["next"]


async def test_what_an_engine_no_longer_holds_is_forgotten() -> None:
    plan = Residency()
    warm = replace(_cold("e/a", 4.0), warm=True)
    plan.sync("e", [warm])
    assert [resident.name for resident in plan.residents] == ["e/a"]
    plan.sync("other", [])
    assert len(plan.residents) == 1
    plan.sync("e", [replace(warm, warm=False)])
    assert plan.residents == ()


async def test_memory_is_measured_now_and_then_and_what_is_loaded_belongs_to_it() -> None:
    now_s, asked = 0.0, 0

    def free() -> int:
        nonlocal asked
        asked += 1
        return 4 * GB

    plan = Residency(free, clock=lambda: now_s)
    plan.sync("e", [replace(_cold("e/a", 4.0), warm=True)])
    (resident,) = plan.residents
    await plan.measure()
    await plan.measure()
    assert asked == 1
    assert plan.room.bytes == 4 * GB - RESERVE_BYTES + resident.bytes
    now_s = 60.0
    await plan.measure()
    assert asked == 2


async def test_models_elsewhere_do_not_queue() -> None:
    gate = anyio.Event()
    engine = ScriptedProvider("scripted", {"a": (gate, *GOOD), "b": GOOD})
    provider = ResidentProvider(engine, Residency(places=ONE, parallel=ONE))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(_all, provider, _cold("scripted/a"))
            await anyio.wait_all_tasks_blocked()
            far = replace(_cold("scripted/b"), zone="cloud")
            assert TextDelta("Hello") in await _all(provider, far)
            gate.set()


async def test_what_else_an_engine_can_do_is_asked_of_it_directly() -> None:
    engine = Unloadable("scripted", "a")
    provider = ResidentProvider(engine, Residency())
    assert await provider.unload("a")
    with pytest.raises(AttributeError):
        _ = provider.pull
    with pytest.raises(ProviderFailed, match="makes no embeddings"):
        await provider.embed(EmbeddingRequest(("a",)), _cold("scripted/a"))


async def test_a_thousand_requests_leave_nothing_behind() -> None:
    """The queue's own books are empty after a thousand loads and unloads."""
    engine = Unloadable("scripted", "a", "b")
    plan = Residency(places=ONE, parallel=ONE)
    provider = ResidentProvider(engine, plan)
    for i in range(1000):
        await _all(provider, _cold(f"scripted/{'ab'[i % 2]}"))
    assert len(plan.residents) == 1
    assert len(engine.unloaded) == 999
    assert plan._tickets == []

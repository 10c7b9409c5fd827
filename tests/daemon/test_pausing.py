"""Memory is freed while paused, not under a model that answers, and a timed pause ends itself."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from routerd.core.candidate import Candidate
from routerd.core.errors import ProviderFailed
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.status import EngineStatus
from routerd.daemon import pausing
from routerd.journey.activity import Activity
from tests.fakes.rooms import FixedCatalogue, ScriptedProvider

pytestmark = pytest.mark.anyio
WARM = Candidate("ollama", "warm", warm=True)
COLD = Candidate("ollama", "cold")
FAR = Candidate("far", "model", "network", warm=True)


class Unloading(ScriptedProvider):
    """A provider that can unload."""

    def __init__(self, name: str, fault: ProviderFailed | None = None) -> None:
        super().__init__(name, {})
        self.unloaded: list[str] = []
        self._fault = fault

    async def unload(self, model: str) -> bool:
        if self._fault:
            raise self._fault
        self.unloaded.append(model)
        return True


class Plain:
    """A provider that can't unload."""

    name = kind = "plain"

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        raise AssertionError("unloading never looks for models")

    def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        raise AssertionError("unloading never asks a model")


async def test_what_is_loaded_here_and_idle_is_unloaded() -> None:
    engine, far = Unloading("ollama"), Unloading("far")
    busy = Candidate("ollama", "busy", warm=True)
    other = Candidate("plain", "m", warm=True)
    catalogue = FixedCatalogue(engine, far, Plain(), listed=(WARM, COLD, FAR, busy, other))
    assert await pausing.unload(catalogue, {"ollama/busy"}) == 1
    assert (engine.unloaded, far.unloaded) == (["warm"], [])


async def test_an_engine_that_fails_keeps_nobody_from_the_next() -> None:
    broken = Unloading("broken", ProviderFailed("no", "died"))
    engine = Unloading("ollama")
    listed = (Candidate("broken", "m", warm=True), WARM)
    assert await pausing.unload(FixedCatalogue(broken, engine, listed=listed), set()) == 1
    assert engine.unloaded == ["warm"]


async def test_memory_is_freed_at_the_pause_and_a_timed_one_ends_by_itself() -> None:
    activity = Activity()
    freed, resumed = anyio.Event(), anyio.Event()

    async def free(in_use: set[str]) -> None:
        assert in_use == set()
        freed.set()

    def resume() -> None:
        activity.resume()
        resumed.set()

    async with anyio.create_task_group() as group:
        group.start_soon(pausing.keep, activity, free, resume)
        await anyio.lowlevel.checkpoint()
        assert not freed.is_set()
        activity.pause(0.05)
        with anyio.fail_after(10):
            await freed.wait()
            await resumed.wait()
        assert not activity.paused
        group.cancel_scope.cancel()

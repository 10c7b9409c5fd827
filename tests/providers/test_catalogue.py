import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial

import anyio
import pytest

from routerd.core.candidate import Candidate
from routerd.core.errors import NotFound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.status import EngineStatus
from routerd.policy import circuit
from routerd.providers.catalogue import Catalogue, next_check_s

pytestmark = pytest.mark.anyio

Found = tuple[EngineStatus, tuple[Candidate, ...]]


class Looking:
    """A provider that finds what it is told to, or raises."""

    kind = "looking"

    def __init__(self, name: str, *models: str, up: bool = True) -> None:
        self.name = name
        self.up = up
        self.models = models
        self.error: Exception | None = None
        self.waits_for: anyio.Event | None = None
        self.looks = 0

    async def discover(self) -> Found:
        self.looks += 1
        if self.waits_for is not None:
            await self.waits_for.wait()
        if self.error is not None:
            raise self.error
        status = EngineStatus(self.name, self.kind, "device", "here", self.up, len(self.models))
        return status, tuple(Candidate(self.name, model) for model in self.models)

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        raise AssertionError("the catalogue never asks a model")
        yield


def _names(catalogue: Catalogue) -> list[str]:
    return [candidate.name for candidate in catalogue.candidates()]


async def test_before_the_first_look_there_is_nothing() -> None:
    catalogue = Catalogue([Looking("a", "m")])
    assert catalogue.candidates() == ()
    assert catalogue.engines == ()


async def test_a_look_finds_what_is_there_in_the_order_of_the_settings() -> None:
    catalogue = Catalogue([Looking("b", "2", "1"), Looking("a", "3"), Looking("c", up=False)])
    await catalogue.refresh()
    assert _names(catalogue) == ["b/2", "b/1", "a/3"]
    assert [(engine.name, engine.up) for engine in catalogue.engines] == [
        ("b", True),
        ("a", True),
        ("c", False),
    ]


async def test_the_next_look_replaces_what_the_last_one_found() -> None:
    ollama = Looking("ollama", "old", "kept")
    catalogue = Catalogue([ollama])
    await catalogue.refresh()
    ollama.models = ("kept", "new")
    await catalogue.refresh()
    assert _names(catalogue) == ["ollama/kept", "ollama/new"]
    ollama.models, ollama.up = (), False
    await catalogue.refresh()
    assert _names(catalogue) == []
    assert not catalogue.engines[0].up


async def test_one_provider_that_raises_does_not_hurt_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sick, well = Looking("sick", "s"), Looking("well", "w")
    catalogue = Catalogue([sick, well])
    await catalogue.refresh()
    sick.error = RuntimeError("a fault of its own")
    well.models = ("w", "x")
    with caplog.at_level(logging.ERROR):
        await catalogue.refresh()
    assert _names(catalogue) == ["sick/s", "well/w", "well/x"]
    assert "looking for models at sick failed" in caplog.text


async def test_a_provider_that_raises_at_the_first_look_is_named_all_the_same() -> None:
    sick = Looking("sick")
    sick.error = RuntimeError("a fault of its own")
    catalogue = Catalogue([sick])
    await catalogue.refresh()
    (engine,) = catalogue.engines
    assert (engine.name, engine.up) == ("sick", False)
    assert "the log tells why" in engine.detail


async def test_all_providers_are_asked_at_once() -> None:
    first, second = Looking("first", "1"), Looking("second", "2")
    first.waits_for, second.waits_for = anyio.Event(), anyio.Event()
    catalogue = Catalogue([first, second])
    async with anyio.create_task_group() as group:
        group.start_soon(catalogue.refresh)
        with anyio.fail_after(5):
            await anyio.wait_all_tasks_blocked()
        assert (first.looks, second.looks) == (1, 1)
        second.waits_for.set()
        await anyio.wait_all_tasks_blocked()
        assert _names(catalogue) == ["second/2"]
        first.waits_for.set()
    assert _names(catalogue) == ["first/1", "second/2"]


async def test_going_up_and_down_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    ollama = Looking("ollama", "m")
    catalogue = Catalogue([ollama])
    with caplog.at_level(logging.INFO):
        for up in (True, True, False, False, True):
            ollama.up = up
            await catalogue.refresh()
    assert [record.message.partition(",")[0] for record in caplog.records] == [
        "ollama is up",
        "ollama is down ()",
        "ollama is up",
    ]


async def test_what_is_known_of_a_name_is_added_to_what_the_engine_says() -> None:
    catalogue = Catalogue([Looking("p", "m")], known=lambda found: replace(found, ability=2.5))
    await catalogue.refresh()
    assert catalogue.candidates()[0].ability == 2.5


def test_a_provider_is_found_by_name() -> None:
    ollama = Looking("ollama")
    assert Catalogue([ollama]).provider("ollama") is ollama
    with pytest.raises(NotFound, match="no provider 'nope'"):
        Catalogue([ollama]).provider("nope")


async def _looked(*models: str) -> Catalogue:
    catalogue = Catalogue([Looking("p", *models)])
    await catalogue.refresh()
    return catalogue


async def test_speed_is_a_running_mean_of_what_was_measured() -> None:
    catalogue = await _looked("m", "other")
    report = partial(catalogue.report, "p/m", ok=True)
    report(ttft_s=1.0, tokens_per_s=10.0)
    (model, other) = catalogue.candidates()
    assert (model.ttft_s, model.tokens_per_s) == (1.0, 10.0)
    assert (other.ttft_s, other.tokens_per_s) == (Candidate("", "").ttft_s, 20.0)
    report(ttft_s=2.0, tokens_per_s=20.0)
    assert catalogue.candidates()[0].ttft_s == pytest.approx(1.3)
    assert catalogue.candidates()[0].tokens_per_s == pytest.approx(13.0)


async def test_what_was_not_measured_changes_no_mean() -> None:
    catalogue = await _looked("m")
    catalogue.report("p/m", ok=True, ttft_s=-1.0, tokens_per_s=0.0)
    assert catalogue.candidates()[0].ttft_s == Candidate("", "").ttft_s
    catalogue.report("p/m", ok=True, ttft_s=1.0, tokens_per_s=10.0)
    catalogue.report("p/m", ok=False, ttft_s=-1.0, tokens_per_s=0.0)
    assert catalogue.candidates()[0].ttft_s == 1.0


async def test_failures_in_a_row_open_the_circuit_and_one_success_closes_it() -> None:
    catalogue = await _looked("m", "other")
    for _ in range(circuit.FAILURES_TO_OPEN):
        assert not catalogue.candidates()[0].circuit_open
        catalogue.report("p/m", ok=False, ttft_s=-1.0, tokens_per_s=0.0)
    model, other = catalogue.candidates()
    assert model.circuit_open
    assert model.health < 0.6
    assert (other.circuit_open, other.health) == (False, 1.0)
    catalogue.report("p/m", ok=True, ttft_s=1.0, tokens_per_s=10.0)
    assert not catalogue.candidates()[0].circuit_open


async def test_what_was_learnt_outlives_a_reload() -> None:
    catalogue = await _looked("m")
    catalogue.report("p/m", ok=True, ttft_s=3.0, tokens_per_s=30.0)
    after = Catalogue([Looking("p", "m")], catalogue.records)
    await after.refresh()
    assert after.candidates()[0].ttft_s == 3.0


async def test_a_report_on_an_unknown_model_is_kept_for_when_it_comes_back() -> None:
    ollama = Looking("p")
    catalogue = Catalogue([ollama])
    catalogue.report("p/m", ok=True, ttft_s=3.0, tokens_per_s=30.0)
    assert catalogue.candidates() == ()
    ollama.models = ("m",)
    await catalogue.refresh()
    assert catalogue.candidates()[0].ttft_s == 3.0


async def test_who_asked_to_be_left_alone_is_not_offered_for_that_long() -> None:
    busy = Looking("a", "m")
    busy.resting_s = 17.2  # type: ignore[attr-defined]  # as cloud providers have it
    catalogue = Catalogue([busy, Looking("b", "m")])
    await catalogue.refresh()
    first, second = catalogue.candidates()
    assert (first.usable, second.usable) == (False, True)
    assert first.unusable_reason == "a asked to be left alone for another 17 s"
    busy.resting_s = 0.0  # type: ignore[attr-defined]
    assert all(candidate.usable for candidate in catalogue.candidates())


async def test_engines_that_come_and_go_are_noticed_at_the_next_look() -> None:
    engine = Looking("a", up=False)
    catalogue = Catalogue([engine])
    await catalogue.refresh()
    assert _names(catalogue) == []
    engine.up, engine.models = True, ("m",)
    await catalogue.refresh()
    assert _names(catalogue) == ["a/m"]
    engine.up, engine.models = False, ()
    await catalogue.refresh()
    assert _names(catalogue) == []
    assert [status.up for status in catalogue.engines] == [False]


@pytest.mark.parametrize(("drawn", "wait_s"), [(0.0, 24.0), (0.5, 27.0), (1.0, 30.0)])
def test_looks_are_never_in_step_and_never_later_than_the_interval(
    drawn: float, wait_s: float
) -> None:
    assert next_check_s(30.0, lambda: drawn) == pytest.approx(wait_s)


async def test_after_a_rest_one_request_tries_and_the_others_are_turned_away() -> None:
    catalogue = await _looked("m")
    for _ in range(circuit.FAILURES_TO_OPEN):
        catalogue.report("p/m", ok=False)
    assert not catalogue.enter("p/m")
    record = catalogue.records["p/m"]
    record.circuit = replace(record.circuit, open_until_s=0.0)
    assert not catalogue.candidates()[0].circuit_open
    assert [catalogue.enter("p/m") for _ in range(3)] == [True, False, False]
    assert catalogue.candidates()[0].circuit_open
    catalogue.report("p/m", ok=None)
    assert [catalogue.enter("p/m") for _ in range(2)] == [True, False]
    catalogue.report("p/m", ok=True)
    assert [catalogue.enter("p/m") for _ in range(3)] == [True] * 3
    assert catalogue.enter("p/never-heard-of")


async def test_a_look_that_never_ends_does_not_keep_the_others_from_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("routerd.providers.catalogue.LOOK_LIMIT_S", 0.05)
    stuck, well = Looking("stuck", "s"), Looking("well", "w")
    stuck.waits_for = anyio.Event()
    catalogue = Catalogue([stuck, well])
    with anyio.fail_after(5):
        await catalogue.refresh()
    assert _names(catalogue) == ["well/w"]
    assert not catalogue.engines[0].up


async def test_who_wants_to_know_is_told_when_an_engine_comes_or_goes() -> None:
    told: list[bool] = []
    engine = Looking("a", "m")
    catalogue = Catalogue([engine], on_change=lambda status: told.append(status.up))
    await catalogue.refresh()
    await catalogue.refresh()
    assert told == [], "nothing has changed since the first look"
    for up in (False, True):
        engine.up = up
        await catalogue.refresh()
        await catalogue.refresh()
    assert told == [False, True]

"""A client that waits for a model is told how long it still has to."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import anyio
import anyio.abc
import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.response import Chunk, Finish, Progress, TextDelta
from routerd.providers import countdown as module
from routerd.providers.countdown import Countdown, told

pytestmark = pytest.mark.anyio
ANSWER: tuple[Chunk, ...] = (TextDelta("a"), TextDelta("b"), Finish("stop"))


@pytest.fixture
async def tasks() -> AsyncIterator[anyio.abc.TaskGroup]:
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TELL_EVERY_S", 0.01)


@pytest.mark.parametrize(
    ("load_s", "passed_s", "words"),
    [
        (12.3, 0.0, "loading m, about 12 s"),
        (12.3, 4.2, "loading m, about 8 s left"),
        (12.3, 11.4, "loading m, 11 s so far, usually 12"),
        (12.3, 40.0, "loading m, 40 s so far, usually 12"),
        (0.0, 0.0, "loading m"),
        (0.0, 7.0, "loading m, 7 s so far"),
    ],
)
def test_what_is_said(load_s: float, passed_s: float, words: str) -> None:
    assert told("m", load_s, passed_s) == words


class Engine:
    """Answers once it is told to; `closed` when its stream is."""

    def __init__(self, *before: Chunk, failure: Exception | None = None) -> None:
        self.ready = anyio.Event()
        self.closed = False
        self._before = before
        self._failure = failure

    async def stream(self) -> AsyncGenerator[Chunk]:
        try:
            for chunk in self._before:
                yield chunk
            await self.ready.wait()
            for chunk in ANSWER[:2]:
                yield chunk
            if self._failure:
                raise self._failure
            yield ANSWER[2]
        finally:
            self.closed = True


async def test_a_cold_model_is_counted_down_until_its_first_word(
    tasks: anyio.abc.TaskGroup,
) -> None:
    engine, seen = Engine(Progress("loading m …")), list[Chunk]()
    stream = Countdown("m", 12.0, cold=True).run(engine.stream(), tasks)
    async with aclosing(stream) as chunks:
        with anyio.fail_after(10):
            async for chunk in chunks:
                seen.append(chunk)
                if len(seen) == 4:
                    engine.ready.set()
    words = [chunk.message for chunk in seen if isinstance(chunk, Progress)]
    # The engine's own words are not repeated beside the countdown.
    assert len(words) >= 4
    assert set(words) == {"loading m, about 12 s"}
    assert tuple(seen[-3:]) == ANSWER
    assert engine.closed


async def test_a_warm_model_has_no_countdown(tasks: anyio.abc.TaskGroup) -> None:
    engine = Engine(Progress("waiting for m"))
    engine.ready.set()
    async with aclosing(Countdown("m", 12.0, cold=False).run(engine.stream(), tasks)) as chunks:
        assert [chunk async for chunk in chunks] == [Progress("waiting for m"), *ANSWER]


async def test_an_engine_that_loads_anew_begins_the_countdown_itself(
    tasks: anyio.abc.TaskGroup,
) -> None:
    engine = Engine(Progress("loading m, about 5 s"), Progress("reading the prompt"))
    async with aclosing(Countdown("m", 7.0, cold=False).run(engine.stream(), tasks)) as chunks:
        with anyio.fail_after(10):
            told_first, prompt = await anext(chunks), await anext(chunks)
            again = await anext(chunks)
    assert told_first == again == Progress("loading m, about 7 s")
    assert prompt == Progress("reading the prompt")


async def test_a_failure_reaches_who_reads(tasks: anyio.abc.TaskGroup) -> None:
    engine = Engine(failure=ProviderFailed("it broke", "died"))
    engine.ready.set()
    seen = []
    async with aclosing(Countdown("m", 0.0, cold=True).run(engine.stream(), tasks)) as chunks:
        for _ in range(3):
            seen.append(await anext(chunks))
        with pytest.raises(ProviderFailed, match="it broke"):
            await anext(chunks)
    assert seen == [Progress("loading m"), *ANSWER[:2]]
    assert engine.closed


async def test_closing_closes_the_engines_stream_before_it_returns(
    tasks: anyio.abc.TaskGroup,
) -> None:
    engine = Engine()
    stream = Countdown("m", 3.0, cold=True).run(engine.stream(), tasks)
    await anext(stream)
    await anext(stream)
    with anyio.fail_after(5):
        await stream.aclose()
    assert engine.closed


async def test_a_client_that_leaves_in_the_middle_ends_it_too(tasks: anyio.abc.TaskGroup) -> None:
    engine = Engine()
    with anyio.move_on_after(0.1):
        async with aclosing(Countdown("m", 3.0, cold=True).run(engine.stream(), tasks)) as chunks:
            async for _ in chunks:
                continue
    assert engine.closed

"""The pool over real worker processes with real llama.cpp in them."""

from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from routerd.core.errors import ProviderFailed
from routerd.engines.pool import EnginePool
from tests.fakes import tiny_gguf
from tests.fakes.engine import HELLO, Answer, Answers, drained, first_chunk, workers

pytestmark = pytest.mark.anyio


async def test_closing_the_stream_stops_generation_and_keeps_the_worker(
    answers: Answers, endless: str, model: str
) -> None:
    answers.settings["context_tokens"] = 32768
    async with answers.opened(endless) as events:
        await first_chunk(events)
        (worker,) = workers()
    # Uncancelled it would go on for about three seconds.
    with anyio.fail_after(2):
        answer = await answers.ask(endless, max_tokens=2)
    assert answer.finish == "length"
    assert [process.pid for process in workers()] == [worker.pid]


async def test_a_killed_worker_is_a_clear_failure_and_the_next_request_gets_a_new_one(
    answers: Answers, endless: str
) -> None:
    answers.settings["context_tokens"] = 32768
    async with answers.opened(endless) as events:
        await first_chunk(events)
        (worker,) = workers()
        worker.kill()
        with pytest.raises(ProviderFailed, match="endless died: SIGKILL") as caught:
            await drained(events)
    assert caught.value.kind == "died"
    assert answers.pool.loaded() == {}
    assert (await answers.ask(endless, max_tokens=2)).finish == "length"
    assert worker.pid not in [process.pid for process in workers()]


async def test_a_worker_that_died_while_idle_is_not_noticed_by_the_next_request(
    answers: Answers, model: str
) -> None:
    await answers.ask(model)
    (worker,) = workers()
    worker.kill()
    with anyio.fail_after(5):
        while answers.pool.loaded():
            await anyio.lowlevel.checkpoint()
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_two_models_take_turns_in_one_place(
    answers: Answers, model: str, endless: str
) -> None:
    assert (await answers.ask(model)).text == tiny_gguf.REPLY
    assert (await answers.ask(endless, max_tokens=1)).finish == "length"
    assert list(answers.pool.loaded()) == [endless]
    assert len(workers()) == 1
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_requests_for_one_model_queue_and_all_are_answered(
    answers: Answers, model: str
) -> None:
    texts = []

    async def ask() -> None:
        texts.append((await answers.ask(model)).text)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(ask)
    assert texts == [tiny_gguf.REPLY] * 4
    assert len(workers()) == 1


async def test_a_request_given_up_while_waiting_leaves_no_trace(
    answers: Answers, endless: str, model: str
) -> None:
    answers.settings["context_tokens"] = 32768
    async with answers.opened(endless) as events:
        await first_chunk(events)
        with anyio.move_on_after(0.05) as scope:
            await answers.ask(model)
        assert scope.cancelled_caught
    with anyio.fail_after(5):
        assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_a_load_goes_on_although_its_request_was_given_up(
    answers: Answers, model: str
) -> None:
    async with answers.opened(model) as events:
        assert await anext(events) == {"routerd_progress": "loading tiny …"}
    second = await answers.events(model)
    assert not any(str(event.get("routerd_progress", "")).startswith("load") for event in second)
    assert len(workers()) == 1


async def test_unloading_frees_the_place_but_never_interrupts(
    answers: Answers, model: str, endless: str
) -> None:
    await answers.ask(model)
    assert await answers.pool.unload(model)
    assert workers() == []
    assert not await answers.pool.unload(model)
    async with answers.opened(endless) as events:
        await first_chunk(events)
        assert not await answers.pool.unload(endless)


async def test_closing_the_pool_ends_workers_and_fails_open_answers(
    binding: str, tmp_path: Path, endless: str
) -> None:
    settings = {"context_tokens": 32768, "gpu_layers": 0, "threads": 1}
    async with EnginePool(tmp_path, binding=binding) as pool:
        async with aclosing(pool.chat(endless, settings, {"messages": HELLO})) as events:
            await first_chunk(events)
            await pool.close()
            with pytest.raises(ProviderFailed):
                await drained(events)
        with pytest.raises(ProviderFailed, match="not running"):
            await anext(pool.chat(endless, settings, {"messages": HELLO}))
    assert workers() == []


async def test_a_reader_that_is_slow_does_not_keep_the_pool_from_closing(
    binding: str, tmp_path: Path, endless: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routerd.engines.chat_stream._BUFFERED_EVENTS", 1)
    settings = {"context_tokens": 32768, "gpu_layers": 0, "threads": 1}
    async with (
        EnginePool(tmp_path, binding=binding) as pool,
        aclosing(pool.chat(endless, settings, {"messages": HELLO})) as events,
    ):
        await first_chunk(events)
        await anyio.sleep(0.3)  # the model goes on writing; nobody reads, and no event tells
        with anyio.fail_after(30):
            await pool.close()
        with pytest.raises(ProviderFailed):
            await drained(events)
    assert workers() == []


async def test_without_a_binding_the_failure_says_what_to_install(tmp_path: Path) -> None:
    async with EnginePool(tmp_path, binding="no such binding") as pool:
        assert pool.binding == ""
        with pytest.raises(ProviderFailed, match=r"pip install 'routerd\[embedded\]'"):
            await anext(pool.chat("x.gguf", {}, {}))


async def test_a_bare_prompt_is_gone_on_with(answers: Answers, model: str) -> None:
    body = {"prompt": "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>", "max_tokens": 99}
    async with aclosing(answers.pool.chat(model, answers.settings, body)) as events:
        answer = Answer([event async for event in events])
    assert answer.text == tiny_gguf.REPLY
    assert answer.finish == "stop"

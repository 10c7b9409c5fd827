"""The pool over real worker processes with real llama.cpp in them."""

import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from routerd.core.errors import ProviderFailed
from routerd.engines.pool import EnginePool
from tests.fakes import tiny_gguf

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "hi"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "set_mode",
        "parameters": {
            "type": "object",
            "properties": {"on": {"type": "boolean"}},
            "required": ["on"],
            "additionalProperties": False,
        },
    },
}


def workers() -> list[psutil.Process]:
    """Return this test process's workers."""
    return [
        child
        for child in psutil.Process().children()
        if "routerd.engines.worker" in child.cmdline()
    ]


async def first_chunk(events: AsyncIterator[Mapping[str, Any]]) -> None:
    """Read until the answer begins."""
    async for event in events:
        if "choices" in event:
            return


async def drained(events: AsyncIterator[Mapping[str, Any]]) -> None:
    """Read to the end."""
    async for _ in events:
        pass


def socket_files(worker: psutil.Process) -> list[str]:
    """Return the names under which the worker's Unix sockets can be reached."""
    sockets = worker.net_connections(kind="unix")
    return [str(at.laddr) for at in sockets if at.laddr and Path(str(at.laddr)).exists()]


async def test_an_answer_streams_in_several_chunks_and_ends_with_reason_and_usage(
    answers: Any, model: str
) -> None:
    answer = await answers.ask(model)
    assert answer.text == tiny_gguf.REPLY
    assert answer.finish == "stop"
    assert len(answer.chunks) > 5
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in answer.chunks)
    assert answer.usage["completion_tokens"] == len(tiny_gguf.REPLY.split()) + 1
    assert answer.usage["prompt_tokens"] > 10


async def test_the_second_request_finds_the_model_loaded_and_its_prompt_cached(
    answers: Any, model: str
) -> None:
    first = await answers.events(model)
    second = await answers.events(model)
    assert {"routerd_progress": "loading tiny …"} in first
    assert not any("routerd_progress" in event for event in second)
    assert answers.pool.loaded() == {model: 2048}
    assert second[-1]["usage"]["prompt_tokens_details"]["cached_tokens"] > 0


async def test_text_beyond_ascii_arrives_whole_even_where_a_character_is_several_tokens(
    answers: Any, tmp_path: Path
) -> None:
    reply = "Grüße 🌍 und 漢字 ✓"
    model = tiny_gguf.make(tmp_path / "grüße.gguf", reply)
    answer = await answers.ask(str(model), "ÄÖÜ 🎉 漢")
    assert answer.text == reply
    assert not any("�" in str(chunk) for chunk in answer.chunks)


async def test_a_stop_string_ends_the_answer_and_is_left_out(answers: Any, model: str) -> None:
    answer = await answers.ask(model, stop=["tiny model", "unseen"])
    assert (answer.text.rstrip(), answer.finish) == ("Hello from the", "stop")


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens"])
async def test_the_token_limit_ends_the_answer_with_length(
    answers: Any, model: str, key: str
) -> None:
    answer = await answers.ask(model, **{key: 3})
    assert (answer.text, answer.finish) == ("Hello from the", "length")
    assert answer.usage["completion_tokens"] == 3


async def test_a_full_context_ends_the_answer_with_length(answers: Any, endless: str) -> None:
    answers.settings["context_tokens"] = 256
    answer = await answers.ask(endless)
    assert answer.finish == "length"
    assert answer.usage["total_tokens"] in (256, 257)


async def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(
    answers: Any, model: str
) -> None:
    with pytest.raises(ProviderFailed, match=r"has \d{4} tokens.*holds 2048") as caught:
        await answers.ask(model, "word " * 900)
    assert (caught.value.kind, caught.value.status) == ("rejected", 400)
    assert caught.value.retryable
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_a_long_prompt_reports_how_far_it_is_read(answers: Any, model: str) -> None:
    events = await answers.events(model, "word " * 300)
    progress = [event["routerd_progress"] for event in events if "routerd_progress" in event]
    assert any(text.startswith("reading the prompt: ") for text in progress)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": None},
        {"messages": [{"content": "CANARY"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "CANARY"}]}]},
        {"messages": HELLO, "temperature": "CANARY"},
        {"messages": [{"role": "user", "content": "CANARY\ud800"}]},
        {"messages": HELLO, "response_format": {"type": "json_schema", "json_schema": {"schema": {"$ref": "#/CANARY"}}}},
    ],
)  # fmt: skip
async def test_a_body_without_sense_is_rejected_without_quoting_it(
    answers: Any, model: str, body: dict[str, Any]
) -> None:
    with pytest.raises(ProviderFailed) as caught:
        await answers.ask(model, **body)
    assert (caught.value.kind, caught.value.retryable) == ("rejected", False)
    assert "CANARY" not in caught.value.message
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_a_template_that_refuses_the_conversation_is_a_rejection(
    answers: Any, tmp_path: Path
) -> None:
    template = (
        "{% for message in messages %}{% if message.content == 'CANARY' %}"
        "{{ raise_exception('not ' + message.content) }}{% endif %}{{ message.content }}"
        "{% endfor %}"
    )
    model = str(tiny_gguf.make(tmp_path / "strict.gguf", chat_template=template))
    with pytest.raises(ProviderFailed, match="chat template") as caught:
        await answers.ask(model, "CANARY")
    assert caught.value.kind == "rejected"
    assert "CANARY" not in caught.value.message
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_a_json_schema_binds_the_output(answers: Any, model: str) -> None:
    schema = TOOL["function"]["parameters"]  # type: ignore[index]
    wanted = {"type": "json_schema", "json_schema": {"name": "mode", "schema": schema}}
    answer = await answers.ask(model, response_format=wanted)
    assert "".join(answer.text.split()) in ('{"on":true}', '{"on":false}')
    assert answer.finish == "stop"


async def test_a_hermes_tool_call_comes_out_as_a_tool_call(answers: Any, tmp_path: Path) -> None:
    reply = '<tool_call>\n{"name": "set_mode", "arguments": {"on": true}}\n</tool_call>'
    model = tiny_gguf.make(tmp_path / "caller.gguf", reply, chat_template=tiny_gguf.HERMES_TEMPLATE)
    answer = await answers.ask(str(model), tools=[TOOL])
    names = [call["function"].get("name") for call in answer.calls]
    arguments = "".join(call["function"].get("arguments", "") for call in answer.calls)
    assert [name for name in names if name] == ["set_mode"]
    assert "".join(arguments.split()) == '{"on":true}'
    assert (answer.text.strip(), answer.finish) == ("", "tool_calls")


async def test_past_tool_calls_and_their_results_are_part_of_the_prompt(
    answers: Any, tmp_path: Path
) -> None:
    model = tiny_gguf.make(tmp_path / "t.gguf", chat_template=tiny_gguf.HERMES_TEMPLATE)
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "set_mode", "arguments": '{"on": true}'},
    }
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    plain = await answers.ask(str(model), messages=HELLO)
    answer = await answers.ask(str(model), messages=messages, tools=[TOOL])
    assert answer.text == tiny_gguf.REPLY
    assert answer.usage["prompt_tokens"] > plain.usage["prompt_tokens"] + 50


@pytest.mark.parametrize(("opening", "prompted"), [("<think>\n", ""), ("", "<think>\n")])
async def test_reasoning_is_kept_apart_from_the_answer(
    answers: Any, tmp_path: Path, opening: str, prompted: str
) -> None:
    reply = opening + "It is small.\n</think>\n\nYes."
    template = tiny_gguf.THINKING_TEMPLATE.replace("OPENING", prompted)
    model = tiny_gguf.make(tmp_path / "thinker.gguf", reply, chat_template=template)
    answer = await answers.ask(str(model))
    assert answer.text.strip() == "Yes."
    assert answer.thinking.strip() == "It is small."


async def test_closing_the_stream_stops_generation_and_keeps_the_worker(
    answers: Any, endless: str, model: str
) -> None:
    answers.settings["context_tokens"] = 32768
    async with answers.opened(endless) as events:
        await first_chunk(events)
        (worker,) = workers()
    # Uncancelled it would go on for about three seconds.
    with anyio.fail_after(1):
        answer = await answers.ask(endless, max_tokens=2)
    assert answer.finish == "length"
    assert [process.pid for process in workers()] == [worker.pid]


async def test_a_killed_worker_is_a_clear_failure_and_the_next_request_gets_a_new_one(
    answers: Any, endless: str
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
    answers: Any, model: str
) -> None:
    await answers.ask(model)
    (worker,) = workers()
    worker.kill()
    with anyio.fail_after(5):
        while answers.pool.loaded():
            await anyio.lowlevel.checkpoint()
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_two_models_take_turns_in_one_place(answers: Any, model: str, endless: str) -> None:
    assert (await answers.ask(model)).text == tiny_gguf.REPLY
    assert (await answers.ask(endless, max_tokens=1)).finish == "length"
    assert list(answers.pool.loaded()) == [endless]
    assert len(workers()) == 1
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_requests_for_one_model_queue_and_all_are_answered(answers: Any, model: str) -> None:
    texts = []

    async def ask() -> None:
        texts.append((await answers.ask(model)).text)

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(ask)
    assert texts == [tiny_gguf.REPLY] * 4
    assert len(workers()) == 1


async def test_a_request_given_up_while_waiting_leaves_no_trace(
    answers: Any, endless: str, model: str
) -> None:
    answers.settings["context_tokens"] = 32768
    async with answers.opened(endless) as events:
        await first_chunk(events)
        with anyio.move_on_after(0.05) as scope:
            await answers.ask(model)
        assert scope.cancelled_caught
    with anyio.fail_after(5):
        assert (await answers.ask(model)).text == tiny_gguf.REPLY


async def test_a_load_goes_on_although_its_request_was_given_up(answers: Any, model: str) -> None:
    async with answers.opened(model) as events:
        assert await anext(events) == {"routerd_progress": "loading tiny …"}
    second = await answers.events(model)
    assert not any(str(event.get("routerd_progress", "")).startswith("load") for event in second)
    assert len(workers()) == 1


async def test_other_settings_load_the_model_anew(answers: Any, model: str) -> None:
    await answers.ask(model)
    answers.settings["context_tokens"] = 512
    await answers.ask(model)
    assert answers.pool.loaded() == {model: 512}


async def test_the_context_is_never_more_than_the_model_was_trained_for(
    answers: Any, tmp_path: Path
) -> None:
    model = str(tiny_gguf.make(tmp_path / "short.gguf", context_tokens=512))
    await answers.ask(model)
    assert answers.pool.loaded() == {model: 512}


async def test_unloading_frees_the_place_but_never_interrupts(
    answers: Any, model: str, endless: str
) -> None:
    await answers.ask(model)
    assert await answers.pool.unload(model)
    assert workers() == []
    assert not await answers.pool.unload(model)
    async with answers.opened(endless) as events:
        await first_chunk(events)
        assert not await answers.pool.unload(endless)


def _cut_short(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def _renamed_tensor(raw: bytes) -> bytes:
    return raw.replace(b"attn_q", b"attn_z")


def _other_family(raw: bytes) -> bytes:
    return raw.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0zorka", 1)


def damaged(model: str, path: Path, damage: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(damage(Path(model).read_bytes()))
    return path


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_cut_short, "cut short"),
        (lambda _: b"not a model", "no GGUF file"),
        (_renamed_tensor, r"tensor 'blk.0.attn_q.weight' not found"),
        (_other_family, "unknown model architecture: 'zorka'"),
    ],
)
async def test_a_broken_file_is_told_in_words_and_leaves_no_worker(
    answers: Any, model: str, tmp_path: Path, damage: Callable[[bytes], bytes], told: str
) -> None:
    broken = damaged(model, tmp_path / "broken.gguf", damage)
    with pytest.raises(ProviderFailed, match=told) as caught:
        await answers.ask(str(broken))
    assert caught.value.kind == "died"
    assert "broken.gguf" in caught.value.message
    assert answers.pool.loaded() == {}
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


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


async def test_without_a_binding_the_failure_says_what_to_install(tmp_path: Path) -> None:
    async with EnginePool(tmp_path, binding="no such binding") as pool:
        assert pool.binding == ""
        with pytest.raises(ProviderFailed, match=r"pip install 'routerd\[embedded\]'"):
            await anext(pool.chat("x.gguf", {}, {}))


# A worker that loads and then says nothing more, and one that never even loads.
MUTE = "import sys\nfor line in sys.stdin: print('{\"loaded\": {\"context_tokens\": 1}}', flush=True) if 'load' in line else None"
DEAF = "import sys; sys.stdin.read()"
NONSENSE = "import sys; sys.stdin.readline(); print('[]', flush=True); sys.stdin.read()"


@pytest.mark.skipif(sys.platform == "win32", reason="no installed binding is needed, but POSIX is")
@pytest.mark.parametrize(
    ("script", "kind", "told"),
    [
        (MUTE, "timeout", "silent for 0 s"),
        (DEAF, "timeout", "not loaded within 0 s"),
        (NONSENSE, "died", "died"),
    ],
)
async def test_a_worker_that_hangs_or_talks_nonsense_does_not_hang_the_daemon(
    binding: str, tmp_path: Path, script: str, kind: str, told: str
) -> None:
    settings = {"context_tokens": 256, "gpu_layers": 0, "threads": 1}
    async with EnginePool(
        tmp_path,
        binding=binding,
        command=lambda _: [sys.executable, "-c", script],
        load_timeout_s=0.4,
        stall_s=0.1,
    ) as pool:
        with anyio.fail_after(5), pytest.raises(ProviderFailed, match=told) as caught:
            await drained(pool.chat("x.gguf", settings, {"messages": HELLO}))
        assert caught.value.kind == kind


async def test_a_worker_gets_no_secrets_writes_no_core_and_listens_nowhere(
    answers: Any, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "HTTPS_PROXY", "ROUTERD_HOME"):
        monkeypatch.setenv(name, "CANARY")
    await answers.ask(model)
    (worker,) = workers()
    assert "CANARY" not in str(worker.environ())
    listening = [
        at for at in worker.net_connections(kind="inet") if at.status == psutil.CONN_LISTEN
    ]
    assert listening == []
    # xllamacpp's own listener is a Unix socket that has no name any more.
    assert socket_files(worker) == []
    if sys.platform == "linux":
        assert worker.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    (log,) = (tmp_path / "log").iterdir()
    assert log.stat().st_mode & 0o777 == 0o600
    worker.send_signal(signal.SIGINT)
    assert (await answers.ask(model)).text == tiny_gguf.REPLY

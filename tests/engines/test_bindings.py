"""Which binding is used; and one suite of answers that both must pass, with real llama.cpp."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.engines.bindings import context_in_effect, installed_binding, prompt_too_long
from tests.fakes import tiny_gguf
from tests.fakes.engine import HELLO, Answers

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


def found(tmp_path: Path, modules: list[str], wanted: str = "") -> str:
    """Return what is found where only these modules are installed."""
    for module in modules:
        (tmp_path / f"{module}.py").write_text("", encoding="utf-8")
    script = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from routerd.engines.bindings import installed_binding\n"
        "print(installed_binding(sys.argv[3]))"
    )
    root = str(Path(__file__).parents[2])
    # -S: no site-packages, so that nothing really installed is found.
    command = [sys.executable, "-I", "-S", "-c", script, str(tmp_path), root, wanted]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    ("modules", "wanted", "binding"),
    [
        ([], "", ""),
        (["xllamacpp"], "", "xllamacpp"),
        (["llama_cpp"], "", "llama-cpp-python"),
        (["llama_cpp", "xllamacpp"], "", "llama-cpp-python"),
        (["llama_cpp", "xllamacpp"], "xllamacpp", "xllamacpp"),
        (["llama_cpp"], "xllamacpp", ""),
    ],
)
def test_the_binding_is_what_is_installed(
    tmp_path: Path, modules: list[str], wanted: str, binding: str
) -> None:
    assert found(tmp_path, modules, wanted) == binding


def test_looking_for_a_binding_loads_no_native_code() -> None:
    installed_binding()
    assert not {"llama_cpp", "xllamacpp"} & set(sys.modules)


@pytest.mark.parametrize(("wanted", "given"), [(8192, 8192), (500, 256), (100, 256), (0, 256)])
def test_a_context_is_rounded_to_what_llama_cpp_gives(wanted: int, given: int) -> None:
    assert context_in_effect(wanted) == given


def test_a_long_prompt_is_refused_with_both_numbers() -> None:
    refusal = prompt_too_long(12024, 8192)
    assert "12024" in str(refusal)
    assert "8192" in str(refusal)
    assert refusal.counts == {"prompt_tokens": 12024, "context_tokens": 8192}


@pytest.mark.anyio
async def test_an_answer_streams_in_several_chunks_and_ends_with_reason_and_usage(
    answers: Answers, model: str
) -> None:
    answer = await answers.ask(model)
    assert answer.text == tiny_gguf.REPLY
    assert answer.finish == "stop"
    assert len(answer.chunks) > 5
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in answer.chunks)
    assert answer.usage["completion_tokens"] == len(tiny_gguf.REPLY.split()) + 1
    assert answer.usage["prompt_tokens"] > 10


@pytest.mark.anyio
async def test_the_second_request_finds_the_model_loaded_and_its_prompt_cached(
    answers: Answers, model: str
) -> None:
    first = await answers.events(model)
    second = await answers.events(model)
    assert {"routerd_progress": "loading tiny …"} in first
    assert not any("routerd_progress" in event for event in second)
    assert answers.pool.loaded() == {model: 2048}
    assert second[-1]["usage"]["prompt_tokens_details"]["cached_tokens"] > 0


@pytest.mark.anyio
async def test_text_beyond_ascii_arrives_whole_even_where_a_character_is_several_tokens(
    answers: Answers, tmp_path: Path
) -> None:
    reply = "Grüße 🌍 und 漢字 ✓"
    model = tiny_gguf.make(tmp_path / "grüße.gguf", reply)
    answer = await answers.ask(str(model), "ÄÖÜ 🎉 漢")
    assert answer.text == reply
    assert not any("�" in str(chunk) for chunk in answer.chunks)


@pytest.mark.anyio
async def test_a_stop_string_ends_the_answer_and_is_left_out(answers: Answers, model: str) -> None:
    answer = await answers.ask(model, stop=["tiny model", "unseen"])
    assert (answer.text.rstrip(), answer.finish) == ("Hello from the", "stop")


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens"])
@pytest.mark.anyio
async def test_the_token_limit_ends_the_answer_with_length(
    answers: Answers, model: str, key: str
) -> None:
    answer = await answers.ask(model, **{key: 3})
    assert (answer.text, answer.finish) == ("Hello from the", "length")
    assert answer.usage["completion_tokens"] == 3


@pytest.mark.anyio
async def test_a_full_context_ends_the_answer_with_length(answers: Answers, endless: str) -> None:
    answers.settings["context_tokens"] = 256
    answer = await answers.ask(endless)
    assert answer.finish == "length"
    assert answer.usage["total_tokens"] in (256, 257)


@pytest.mark.anyio
async def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(
    answers: Answers, model: str
) -> None:
    with pytest.raises(ProviderFailed, match=r"has \d{4} tokens.*holds 2048") as caught:
        await answers.ask(model, "word " * 900)
    assert (caught.value.kind, caught.value.status) == ("rejected", 400)
    assert caught.value.retryable
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


@pytest.mark.anyio
async def test_a_long_prompt_reports_how_far_it_is_read(answers: Answers, model: str) -> None:
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
@pytest.mark.anyio
async def test_a_body_without_sense_is_rejected_without_quoting_it(
    answers: Answers, model: str, body: dict[str, Any]
) -> None:
    with pytest.raises(ProviderFailed) as caught:
        await answers.ask(model, **body)
    assert (caught.value.kind, caught.value.retryable) == ("rejected", False)
    assert "CANARY" not in caught.value.message
    assert (await answers.ask(model)).text == tiny_gguf.REPLY


@pytest.mark.anyio
async def test_a_template_that_refuses_the_conversation_is_a_rejection(
    answers: Answers, tmp_path: Path
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


@pytest.mark.anyio
async def test_a_json_schema_binds_the_output(answers: Answers, model: str) -> None:
    schema = TOOL["function"]["parameters"]  # type: ignore[index]
    wanted = {"type": "json_schema", "json_schema": {"name": "mode", "schema": schema}}
    answer = await answers.ask(model, response_format=wanted)
    assert "".join(answer.text.split()) in ('{"on":true}', '{"on":false}')
    assert answer.finish == "stop"


@pytest.mark.anyio
async def test_a_hermes_tool_call_comes_out_as_a_tool_call(
    answers: Answers, tmp_path: Path
) -> None:
    reply = '<tool_call>\n{"name": "set_mode", "arguments": {"on": true}}\n</tool_call>'
    model = tiny_gguf.make(tmp_path / "caller.gguf", reply, chat_template=tiny_gguf.HERMES_TEMPLATE)
    answer = await answers.ask(str(model), tools=[TOOL])
    names = [call["function"].get("name") for call in answer.calls]
    arguments = "".join(call["function"].get("arguments", "") for call in answer.calls)
    assert [name for name in names if name] == ["set_mode"]
    assert "".join(arguments.split()) == '{"on":true}'
    assert (answer.text.strip(), answer.finish) == ("", "tool_calls")


@pytest.mark.anyio
async def test_past_tool_calls_and_their_results_are_part_of_the_prompt(
    answers: Answers, tmp_path: Path
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
@pytest.mark.anyio
async def test_reasoning_is_kept_apart_from_the_answer(
    answers: Answers, tmp_path: Path, opening: str, prompted: str
) -> None:
    reply = opening + "It is small.\n</think>\n\nYes."
    template = tiny_gguf.THINKING_TEMPLATE.replace("OPENING", prompted)
    model = tiny_gguf.make(tmp_path / "thinker.gguf", reply, chat_template=template)
    answer = await answers.ask(str(model))
    assert answer.text.strip() == "Yes."
    assert answer.thinking.strip() == "It is small."

"""GGUF files as candidates, and a request's way through the engine and back."""

import base64
import struct
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import LlamaCppConfig
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, Request, Text
from routerd.core.response import Assembler, Finish, Progress, TextDelta, Usage
from routerd.engines.bindings import installed_binding
from routerd.engines.gguf import read_metadata
from routerd.engines.pool import EnginePool
from routerd.providers.llamacpp import LlamaCppProvider
from tests.fakes import tiny_embedder, tiny_gguf

pytestmark = pytest.mark.anyio

HELLO = Request(
    messages=(Message("user", (Text("hi"),)),), limits=Limits(max_output_tokens=9, stop=("END",))
)
ANSWER: tuple[Mapping[str, Any], ...] = (
    {"routerd_progress": "loading a …"},
    {"choices": [{"delta": {"content": "yes"}, "finish_reason": None}]},
    {
        "choices": [{"delta": {}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    },
)


class ScriptedEngine:
    """Plays events and remembers what it was asked."""

    def __init__(
        self, events: Sequence[Mapping[str, Any]] = ANSWER, binding: str = "xllamacpp"
    ) -> None:
        self.binding = binding
        self.asked: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
        self.warm: dict[str, int] = {}
        self.warm_vectors: dict[str, int] = {}
        self.closed = False
        self._events = events

    async def chat(
        self, model_path: str, settings: Mapping[str, Any], body: Mapping[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any]]:
        self.asked.append((model_path, settings, body))
        try:
            for event in self._events:
                yield event
        finally:
            self.closed = True

    async def embed(
        self, model_path: str, settings: Mapping[str, Any], texts: Sequence[str]
    ) -> AsyncGenerator[Mapping[str, Any]]:
        self.asked.append((model_path, settings, {"texts": texts}))
        yield {"routerd_progress": "loading a …"}
        for index in range(len(texts)):
            packed = struct.pack("<2f", 0.6, 0.8)
            yield {"index": index, "vector": base64.b64encode(packed).decode(), "tokens": 3}

    def loaded(self, *, embeds: bool = False) -> Mapping[str, int]:
        return self.warm_vectors if embeds else self.warm

    async def unload(self, model_path: str) -> bool:
        return self.warm.pop(model_path, 0) > 0


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def plumbing(tmp_path: Path) -> Path:
    return tiny_gguf.make(tmp_path / "plumbing.gguf")


def provider(
    engine: ScriptedEngine, folder: Path, plumbing: Path | None = None, **settings: Any
) -> LlamaCppProvider:
    return LlamaCppProvider(engine, folder, plumbing, read_metadata, LlamaCppConfig(**settings))


async def found(given: LlamaCppProvider) -> dict[str, Candidate]:
    _, candidates = await given.discover()
    return {candidate.model: candidate for candidate in candidates}


async def test_files_in_all_folders_are_offered_under_plain_names(
    engine: ScriptedEngine, folder: Path
) -> None:
    for path in (
        "Qwen3 Coder (7B).gguf",
        "deep/er/Small_Model-Q4_K_M.GGUF",
        "other/a.gguf",
        "a.gguf",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        tiny_gguf.make(folder / path)
    for path in ("mmproj-a.gguf", "notes.txt"):
        (folder / path).write_bytes(b"")
    models = await found(provider(engine, folder))
    assert list(models) == ["qwen3-coder-7b", "a", "small_model-q4_k_m", "a-2"]
    assert all(candidate.usable for candidate in models.values())
    assert all(candidate.zone == "device" for candidate in models.values())


async def test_a_candidate_tells_what_the_file_says(engine: ScriptedEngine, folder: Path) -> None:
    path = tiny_gguf.make(
        folder / "a.gguf", chat_template=tiny_gguf.HERMES_TEMPLATE, context_tokens=4096
    )
    candidate = (await found(provider(engine, folder)))["a"]
    assert candidate.name == "llamacpp/a"
    assert candidate.context_tokens == 4096
    assert candidate.quantisation == "F32"
    assert 0 < candidate.parameters_b < 0.001
    assert candidate.capabilities.tools
    assert candidate.capabilities.json_schema
    assert not candidate.capabilities.vision
    assert not candidate.warm
    assert candidate.load_s > 0
    engine.warm = {str(path): 4096}
    assert (await found(provider(engine, folder)))["a"].warm


async def test_the_settings_bound_the_context(engine: ScriptedEngine, folder: Path) -> None:
    tiny_gguf.make(folder / "a.gguf", context_tokens=32768)
    assert (await found(provider(engine, folder)))["a"].context_tokens == 8192
    wide = provider(engine, folder, context_tokens=0)
    assert (await found(wide))["a"].context_tokens == 32768


@pytest.mark.parametrize(
    ("binding", "template", "tools"),
    [
        ("xllamacpp", tiny_gguf.HERMES_TEMPLATE, True),
        ("llama-cpp-python", tiny_gguf.HERMES_TEMPLATE, True),
        ("xllamacpp", "{% if tools %}[TOOLS]{% endif %}", True),
        ("llama-cpp-python", "{% if tools %}[TOOLS]{% endif %}", False),
        ("xllamacpp", "{{ messages }}", False),
    ],
)
async def test_tools_are_claimed_only_where_the_binding_reads_the_calls(
    folder: Path, binding: str, template: str, tools: bool
) -> None:
    tiny_gguf.make(folder / "a.gguf", chat_template=template)
    engine = ScriptedEngine(binding=binding)
    assert (await found(provider(engine, folder)))["a"].capabilities.tools is tools


async def test_broken_files_and_encoders_are_shown_with_the_reason(
    engine: ScriptedEngine, folder: Path
) -> None:
    whole = tiny_gguf.make(folder / "whole.gguf").read_bytes()
    (folder / "half.gguf").write_bytes(whole[: len(whole) // 2])
    (folder / "text.gguf").write_bytes(b"hello")
    clip = whole.replace(b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0xclip")
    (folder / "projector.gguf").write_bytes(clip)
    tiny_embedder.bert(folder / "reranker.gguf", pooling=4)
    status, candidates = await provider(engine, folder).discover()
    reasons = {c.model: c.unusable_reason for c in candidates if not c.usable}
    assert "half.gguf: it is cut short" in reasons["half"]
    assert "no GGUF file" in reasons["text"]
    assert "no chat model" in reasons["projector"]
    assert "scores pairs" in reasons["reranker"]
    assert status.models == 1


async def test_a_model_in_parts_is_one_model_and_needs_all_of_them(
    engine: ScriptedEngine, folder: Path
) -> None:
    first = tiny_gguf.make(folder / "big-00001-of-00002.gguf")
    assert (
        "big-00002-of-00002.gguf is missing"
        in (await found(provider(engine, folder)))["big"].unusable_reason
    )
    tiny_gguf.make(first.with_name("big-00002-of-00002.gguf"))
    assert list(await found(provider(engine, folder))) == ["big"]


async def test_a_file_is_read_again_only_when_it_changed(
    engine: ScriptedEngine, folder: Path
) -> None:
    reads: list[Path] = []

    def read(path: Path) -> Any:
        reads.append(path)
        return read_metadata(path)

    given = LlamaCppProvider(engine, folder, None, read, LlamaCppConfig())
    path = tiny_gguf.make(folder / "a.gguf")
    await given.discover()
    await given.discover()
    assert reads == [path]
    tiny_gguf.make(path, "another reply, longer than the first one was by some words")
    await given.discover()
    assert reads == [path, path]


async def test_the_plumbing_check_stands_in_while_no_model_can_be_used(
    engine: ScriptedEngine, folder: Path, plumbing: Path
) -> None:
    given = provider(engine, folder, plumbing, context_tokens=512)
    (folder / "broken.gguf").write_bytes(b"")
    models = await found(given)
    assert list(models) == ["broken", "plumbing-check"]
    assert models["plumbing-check"].plumbing
    assert models["plumbing-check"].usable
    assert models["plumbing-check"].ability < -5
    assert models["plumbing-check"].context_tokens == 32768
    tiny_gguf.make(folder / "real.gguf")
    assert list(await found(given)) == ["broken", "real"]


async def test_a_missing_folder_is_no_error(engine: ScriptedEngine, tmp_path: Path) -> None:
    status, candidates = await provider(engine, tmp_path / "nowhere").discover()
    assert (status.up, status.models, candidates) == (True, 0, ())


async def test_without_a_binding_the_status_says_what_to_install(
    folder: Path, plumbing: Path
) -> None:
    status, candidates = await provider(ScriptedEngine(binding=""), folder, plumbing).discover()
    assert not status.up
    assert "pip install 'routerd[embedded]'" in status.detail
    assert candidates == ()


async def test_switched_off_means_that_nothing_is_looked_for(
    engine: ScriptedEngine, folder: Path, plumbing: Path
) -> None:
    status, candidates = await provider(engine, folder, plumbing, enabled=False).discover()
    assert (status.up, candidates) == (False, ())
    assert "llamacpp.enabled" in status.detail


async def test_a_request_goes_to_the_engine_and_its_chunks_come_back(
    engine: ScriptedEngine, folder: Path
) -> None:
    path = tiny_gguf.make(folder / "a.gguf", context_tokens=4096)
    given = provider(engine, folder, threads=3, gpu_layers=7)
    candidate = (await found(given))["a"]
    chunks = [chunk async for chunk in given.stream(HELLO, candidate)]
    assert chunks == [
        Progress("loading a …"),
        TextDelta("yes"),
        Finish("stop", Usage(5, 2)),
    ]
    ((asked_path, settings, body),) = engine.asked
    assert asked_path == str(path)
    assert settings == {"context_tokens": 4096, "gpu_layers": 7, "threads": 3}
    assert body["messages"] == [{"role": "user", "content": "hi"}]
    assert (body["max_tokens"], body["stop"]) == (9, ["END"])


async def test_an_answer_without_an_end_is_a_failure(folder: Path) -> None:
    tiny_gguf.make(folder / "a.gguf")
    given = provider(ScriptedEngine(ANSWER[:2]), folder)
    candidate = (await found(given))["a"]
    with pytest.raises(ProviderFailed, match="without a finish reason"):
        [chunk async for chunk in given.stream(HELLO, candidate)]


async def test_closing_the_stream_closes_the_engines(engine: ScriptedEngine, folder: Path) -> None:
    tiny_gguf.make(folder / "a.gguf")
    given = provider(engine, folder)
    stream = given.stream(HELLO, (await found(given))["a"])
    await anext(stream)
    await stream.aclose()
    assert engine.closed


async def test_a_model_that_is_gone_is_a_failure_in_words(
    engine: ScriptedEngine, folder: Path
) -> None:
    given = provider(engine, folder)
    with pytest.raises(ProviderFailed, match="no longer in"):
        await anext(given.stream(HELLO, Candidate("llamacpp", "gone")))


@pytest.mark.skipif(not installed_binding(), reason="no llama.cpp binding is installed")
async def test_the_whole_way_to_real_llama_cpp_and_back(tmp_path: Path, folder: Path) -> None:
    tiny_gguf.make(folder / "tiny.gguf")
    async with EnginePool(tmp_path / "log") as pool:
        given = LlamaCppProvider(
            pool, folder, None, read_metadata, LlamaCppConfig(threads=1, gpu_layers=0)
        )
        candidate = (await found(given))["tiny"]
        assembler = Assembler()
        async for chunk in given.stream(Request(messages=HELLO.messages), candidate):
            assembler.add(chunk)
        assert assembler.response("tiny").text == tiny_gguf.REPLY
        assert assembler.response("tiny").usage.output_tokens > 5
        assert (await found(given))["tiny"].warm


async def test_a_gap_is_asked_for_in_the_words_of_the_models_family(
    engine: ScriptedEngine, folder: Path
) -> None:
    tiny_gguf.make(folder / "qwen2.5-coder-1.5b.gguf")
    tiny_gguf.make(folder / "llama-3.gguf")
    given = provider(engine, folder)
    models = await found(given)
    assert [name for name, model in models.items() if model.capabilities.fim] == [
        "qwen2.5-coder-1.5b"
    ]
    talk = (Message("user", (Text("def f():"),)),)
    request = Request(talk, suffix="return x", limits=Limits(max_output_tokens=9, stop=("END",)))
    _ = [chunk async for chunk in given.stream(request, models["qwen2.5-coder-1.5b"])]
    _, _, sent = engine.asked[-1]
    assert sent["prompt"] == "<|fim_prefix|>def f():<|fim_suffix|>return x<|fim_middle|>"
    assert sent["stop"][0] == "END"
    assert "<|endoftext|>" in sent["stop"]
    assert sent["max_tokens"] == 9


async def test_a_model_for_embeddings_is_told_from_one_for_answers(
    engine: ScriptedEngine, folder: Path
) -> None:
    path = tiny_embedder.bert(folder / "bge-small.gguf")
    tiny_gguf.make(folder / "chat.gguf")
    engine.warm_vectors = {str(path): 512}
    models = await found(provider(engine, folder))
    assert models["bge-small"].capabilities == Capabilities(embeddings=True)
    assert (models["bge-small"].context_tokens, models["bge-small"].warm) == (512, True)
    assert not models["chat"].capabilities.embeddings
    assert models["chat"].embeds_by_name
    assert not models["bge-small"].embeds_by_name


async def test_vectors_come_back_in_order_with_their_tokens_and_at_the_length_asked_for(
    engine: ScriptedEngine, folder: Path
) -> None:
    path = tiny_embedder.bert(folder / "bge-small.gguf")
    given = provider(engine, folder, threads=2, gpu_layers=0)
    candidate = (await found(given))["bge-small"]
    answer = await given.embed(EmbeddingRequest(("a", "b")), candidate)
    assert answer.vectors == (struct.pack("<2f", 0.6, 0.8),) * 2
    assert answer.input_tokens == 6
    asked_path, settings, body = engine.asked[-1]
    assert (asked_path, body["texts"]) == (str(path), ("a", "b"))
    assert settings == {"context_tokens": 512, "gpu_layers": 0, "threads": 2}
    short = await given.embed(EmbeddingRequest(("a",), dimensions=1), candidate)
    assert short.vectors == (struct.pack("<f", 1.0),)
    with pytest.raises(ProviderFailed, match="have 2 dimensions, not 3"):
        await given.embed(EmbeddingRequest(("a",), dimensions=3), candidate)


async def test_a_model_is_unloaded_by_its_name(engine: ScriptedEngine, folder: Path) -> None:
    path = tiny_gguf.make(folder / "a.gguf")
    given = provider(engine, folder)
    await given.discover()
    engine.warm = {str(path): 4096}
    assert await given.unload("a")
    assert not await given.unload("a")
    assert not await given.unload("nobody")

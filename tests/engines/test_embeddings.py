"""Embeddings of real llama.cpp: both bindings give the same vectors of the same tiny models."""

import array
import base64
import math
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest

from routerd.core.errors import ProviderFailed
from routerd.engines.bindings import installed_binding, vector_event
from routerd.engines.pool import EnginePool
from tests.fakes import tiny_embedder, tiny_gguf
from tests.fakes.engine import SETTINGS, Answers, workers

pytestmark = pytest.mark.anyio


def vector(event: Mapping[str, Any]) -> list[float]:
    return array.array("f", base64.b64decode(event["vector"])).tolist()


def likeness(one: Sequence[float], two: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, two, strict=True))


async def embedded(
    pool: EnginePool, model: Path, *texts: str, **settings: int
) -> list[Mapping[str, Any]]:
    async with aclosing(pool.embed(str(model), {**SETTINGS, **settings}, texts)) as events:
        return [event async for event in events if "vector" in event]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_embedder.bert(tmp_path_factory.mktemp("models") / "tiny-bert.gguf")


async def test_every_text_gets_a_unit_vector_of_its_own_and_its_tokens_are_counted(
    pool: EnginePool, encoder: Path
) -> None:
    told = await embedded(pool, encoder, "sort code", "cat", "sort code")
    assert [event["index"] for event in told] == [0, 1, 2]
    # [CLS] and [SEP] count: the model reads them.
    assert [event["tokens"] for event in told] == [4, 3, 4]
    first, other, same = map(vector, told)
    assert len(first) == tiny_embedder.WIDTH
    assert all(math.isclose(likeness(v, v), 1.0, abs_tol=1e-5) for v in (first, other, same))
    assert likeness(first, same) > 0.99999
    assert likeness(first, other) < 0.99


async def test_a_text_that_fills_more_than_one_step_of_a_prompt_is_embedded_whole(
    pool: EnginePool, encoder: Path
) -> None:
    # 256 tokens are a step of a chat's prompt; an encoder reads a text at once or not at all.
    (long,) = await embedded(pool, encoder, "cat " * 400)
    assert long["tokens"] == 402


async def test_a_text_that_is_too_long_is_refused_with_both_numbers_and_nothing_is_cut(
    pool: EnginePool, encoder: Path
) -> None:
    with pytest.raises(ProviderFailed, match=r"has 602 tokens.*holds 512") as caught:
        await embedded(pool, encoder, "cat", "cat " * 600)
    assert (caught.value.kind, caught.value.status) == ("rejected", 400)
    # The worker lives on.
    assert len(await embedded(pool, encoder, "cat")) == 1


@pytest.mark.parametrize("pooling", [1, 3])
async def test_a_decoder_that_was_made_for_embeddings_pools_as_its_file_says(
    pool: EnginePool, tmp_path: Path, pooling: int
) -> None:
    model = tiny_embedder.decoder(tmp_path / "embedding.gguf", pooling=pooling)
    one, two = await embedded(pool, model, "abc", "xbc")
    # The last token alone is the same of both and has seen what came before; the mean differs more.
    assert likeness(vector(one), vector(two)) < 0.9999


async def test_a_chat_model_makes_embeddings_beside_its_answers(
    pool: EnginePool, model: str
) -> None:
    answers = Answers(pool)
    assert (await answers.ask(model)).text == tiny_gguf.REPLY
    (event,) = await embedded(pool, Path(model), "hello")
    assert math.isclose(likeness(vector(event), vector(event)), 1.0, abs_tol=1e-5)
    # Embeddings have a place of their own: the answer finds its model where it was.
    assert not any("routerd_progress" in e for e in await answers.events(model))
    assert pool.loaded() == {model: 2048}
    assert pool.loaded(embeds=True) == {model: 2048}
    assert await pool.unload(model)
    assert workers() == []


async def test_leaving_stops_after_the_text_under_way(pool: EnginePool, encoder: Path) -> None:
    async with aclosing(pool.embed(str(encoder), SETTINGS, ["cat dog"] * 2000)) as events:
        async for event in events:
            if "vector" in event:
                break
    with anyio.fail_after(10):
        assert len(await embedded(pool, encoder, "cat")) == 1
    assert len(workers()) == 1


async def test_half_a_character_is_refused(pool: EnginePool, encoder: Path) -> None:
    with pytest.raises(ProviderFailed) as caught:
        await embedded(pool, encoder, "cat \ud800")
    assert caught.value.kind == "rejected"


@pytest.mark.skipif(
    not (installed_binding("xllamacpp") and installed_binding("llama-cpp-python")),
    reason="both bindings are needed to compare them",
)
@pytest.mark.parametrize("pooling", [1, 2, None])
async def test_both_bindings_agree(tmp_path: Path, pooling: int | None) -> None:
    model = tiny_embedder.bert(tmp_path / "bert.gguf", pooling=pooling)
    texts = ("sort the code", "a dog", "tests")
    told = []
    for binding in ("xllamacpp", "llama-cpp-python"):
        async with EnginePool(tmp_path / "log", binding=binding) as opened:
            told.append(await embedded(opened, model, *texts))
    for one, two in zip(*told, strict=True):
        assert one["tokens"] == two["tokens"]
        assert likeness(vector(one), vector(two)) > 0.999


def test_a_vector_that_is_no_number_is_a_failure_and_one_of_zeros_stays() -> None:
    with pytest.raises(RuntimeError, match="not finite"):
        vector_event(0, [1.0, math.nan], 3)
    assert vector(vector_event(0, [0.0, 0.0], 3)) == [0.0, 0.0]
    assert vector(vector_event(0, [3.0, 4.0], 3)) == pytest.approx([0.6, 0.8])

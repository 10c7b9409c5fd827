"""LM Studio by REST and by its SDK, against a fake over real sockets."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
import pytest
from openai import OpenAI

from routerd.core.candidate import Candidate
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, ResponseFormat, Text
from routerd.core.response import Chunk, Finish, Progress
from routerd.dialects.embeddings import pack
from routerd.network.lmstudio_link import link
from routerd.network.outbound import HttpOutbound
from routerd.providers.lmstudio import TTL_S, LMStudioProvider
from routerd.providers.openai_compatible import Server
from tests.fakes.clouds import PATIENT, TOOL, answered, asking, gather
from tests.fakes.http_server import closed_port_url
from tests.fakes.lmstudio_server import CALLER, CODER, EMBEDDER, SEER, Downloaded, FakeLMStudio
from tests.fakes.openai_chunks import Script

pytestmark = pytest.mark.anyio
TOKEN = "lm-planted-token"  # noqa: S105  # planted


@pytest.fixture
def server() -> Iterator[FakeLMStudio]:
    with FakeLMStudio(token=TOKEN) as running:
        yield running


@pytest.fixture
def old() -> Iterator[FakeLMStudio]:
    with FakeLMStudio(old=True) as running:
        yield running


def _linked(server: FakeLMStudio, outbound: HttpOutbound) -> LMStudioProvider:
    """Return a provider that has the SDK, as at a server on this machine without a token."""
    opened = link(server.url, lambda _: None)
    return LMStudioProvider(Server("lmstudio", server.url), outbound, PATIENT, link=opened)


def _provider(url: str, outbound: HttpOutbound) -> LMStudioProvider:
    return LMStudioProvider(Server("lmstudio", url), outbound, PATIENT, lambda: TOKEN)


@pytest.fixture
def provider(server: FakeLMStudio, outbound: HttpOutbound) -> LMStudioProvider:
    return _provider(server.url, outbound)


async def _found(provider: LMStudioProvider) -> dict[str, Candidate]:
    _, candidates = await provider.discover()
    return {candidate.model: candidate for candidate in candidates}


async def _asked(provider: LMStudioProvider, request: Any, model: str = CODER.key) -> list[Chunk]:
    found = await _found(provider)
    return await gather(provider.stream(request, found[model]))


async def test_what_is_downloaded_is_found_with_what_it_can_do(provider: LMStudioProvider) -> None:
    found = await _found(provider)
    assert list(found) == [CODER.key, SEER.key, CALLER.key, EMBEDDER.key]
    coder = found[CODER.key]
    assert (coder.context_tokens, coder.parameters_b, coder.quantisation) == (32_768, 7.0, "Q4_K_M")
    assert (coder.capabilities.tools, coder.capabilities.vision) == (True, False)
    assert found[SEER.key].capabilities.vision
    assert not coder.warm
    assert coder.load_s == pytest.approx(4.68, abs=0.01)


async def test_a_cold_model_is_announced_loaded_with_the_window_needed_and_then_warm(
    server: FakeLMStudio, provider: LMStudioProvider
) -> None:
    chunks = await _asked(provider, asking())
    assert chunks[0] == Progress(f"loading {CODER.key}, about 5 s")
    assert isinstance(chunks[-1], Finish)
    assert server.loads == [(CODER.key, 4096)]
    again = (await _found(provider))[CODER.key]
    assert again.warm
    # As measured by the server itself.
    assert again.load_s == 9.099


async def test_a_prompt_beyond_the_loaded_window_loads_a_larger_one_and_a_shorter_one_keeps_it(
    server: FakeLMStudio, provider: LMStudioProvider
) -> None:
    for words in (10, 5000, 10):
        chunks = await _asked(provider, asking(Message("user", (Text("word " * words),))))
        assert isinstance(chunks[-1], Finish)
    assert server.loads == [(CODER.key, 4096), (CODER.key, 16384)]


async def test_a_prompt_that_no_window_holds_is_refused_before_anything_is_loaded(
    server: FakeLMStudio, provider: LMStudioProvider
) -> None:
    with pytest.raises(ProviderFailed, match="takes 32768") as failed:
        await _asked(provider, asking(Message("user", (Text("word " * 90_000),))))
    assert (failed.value.kind, failed.value.retryable) == ("rejected", True)
    assert server.loads == []


@pytest.mark.parametrize("stream", [True, False])
async def test_tools_and_answers_come_as_from_any_openai_server(
    server: FakeLMStudio, provider: LMStudioProvider, stream: bool
) -> None:
    await provider.discover()
    asked = asking(tools=(TOOL,), wants_stream=stream)
    called = await answered(provider, CALLER.key, asked)
    assert called.finish == "tool_calls"
    assert json.loads(called.tool_calls[0].arguments) == {"path": "ä.py"}
    said = await answered(provider, CODER.key, asking(wants_stream=stream))
    assert said.text == Script().text
    assert server.calls[-1].data["ttl"] == TTL_S


async def test_a_schema_and_limits_reach_it(
    server: FakeLMStudio, provider: LMStudioProvider
) -> None:
    shape = ResponseFormat("json_schema", "x", {"type": "object"})
    await answered(provider, CODER.key, asking(response_format=shape, limits=Limits(9, 0.1)))
    sent = server.calls[-1].data
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert (sent["max_tokens"], sent["temperature"]) == (9, 0.1)


async def test_embeddings_come_in_the_order_of_their_texts(provider: LMStudioProvider) -> None:
    found = (await _found(provider))[EMBEDDER.key]
    assert found.capabilities.embeddings
    answer = await provider.embed(EmbeddingRequest(("a", "bbb")), found)
    assert answer.vectors == (pack([1.0, 0.5]), pack([3.0, 0.5]))


async def test_a_model_is_unloaded_once(server: FakeLMStudio, provider: LMStudioProvider) -> None:
    await provider.load(CODER.key, 8192)
    assert server.loaded == {CODER.key: 8192}
    assert await provider.unload(CODER.key)
    assert server.loaded == {}
    assert not await provider.unload(CODER.key)


async def test_a_model_that_can_not_be_loaded_says_why(outbound: HttpOutbound) -> None:
    with FakeLMStudio(Downloaded("huge-405b")) as server:
        provider = _provider(server.url, outbound)
        with pytest.raises(ProviderFailed, match="could not load") as failed:
            await _asked(provider, asking(), "huge-405b")
    assert "insufficient system resources" in failed.value.said


async def test_an_older_one_is_listed_loaded_and_unloaded_by_its_sdk(
    old: FakeLMStudio, outbound: HttpOutbound
) -> None:
    provider = _linked(old, outbound)
    found = await _found(provider)
    assert list(found) == [CODER.key, SEER.key, CALLER.key, EMBEDDER.key]
    assert found[SEER.key].capabilities.vision
    assert found[EMBEDDER.key].capabilities.embeddings
    assert not found[CODER.key].warm
    chunks = await _asked(provider, asking())
    assert isinstance(chunks[-1], Finish)
    assert old.loads == [(CODER.key, 4096)]
    coder = (await _found(provider))[CODER.key]
    assert (coder.warm, coder.loaded_tokens) == (True, 4096)
    assert await provider.unload(CODER.key)
    assert old.loaded == {}


async def test_an_older_one_without_the_sdk_says_so(
    old: FakeLMStudio, outbound: HttpOutbound
) -> None:
    status, found = await _provider(old.url, outbound).discover()
    assert (status.up, found) == (False, ())
    assert "Unexpected endpoint" in status.detail


@pytest.mark.parametrize("model", [CODER.key, EMBEDDER.key])
async def test_the_sdk_loads_with_a_window_and_a_time_to_live(
    model: str, outbound: HttpOutbound
) -> None:
    with FakeLMStudio() as server:
        provider = _linked(server, outbound)
        await provider.discover()
        await provider.load(model, 2048)
        assert server.loads == [(model, 2048)]
        assert server.ttls_s == {model: TTL_S}
        assert server.calls_to("/api/v1/models/load") == []
        assert (await _found(provider))[model].loaded_tokens == 2048
        assert await provider.unload(model)
        assert server.loaded == {}
        assert server.calls_to("/api/v1/models/unload") == []


async def test_without_a_way_for_the_sdk_rest_does_it(outbound: HttpOutbound) -> None:
    with FakeLMStudio() as server:
        server.has_sdk = False
        provider = _linked(server, outbound)
        await provider.discover()
        await provider.load(CODER.key, 8192)
        assert server.loaded == {CODER.key: 8192}
        assert await provider.unload(CODER.key)
        assert len(server.calls_to("/api/v1/models/unload")) == 1


async def test_what_the_sdk_is_refused_is_told_and_not_tried_again_by_rest(
    outbound: HttpOutbound,
) -> None:
    with FakeLMStudio(Downloaded("huge-405b")) as server:
        with pytest.raises(ProviderFailed, match="could not load") as failed:
            await _asked(_linked(server, outbound), asking(), "huge-405b")
        assert server.calls_to("/api/v1/models/load") == []
    assert "insufficient system resources" in failed.value.said


async def test_a_load_that_is_given_up_leaves_no_task_and_no_connection(
    outbound: HttpOutbound,
) -> None:
    with FakeLMStudio(replace(CODER, load_s=60.0)) as server:
        provider = _linked(server, outbound)
        await provider.discover()
        before = asyncio.all_tasks()
        with anyio.move_on_after(0.5) as scope:
            await provider.load(CODER.key, 4096)
        assert scope.cancelled_caught
        assert asyncio.all_tasks() == before


@pytest.mark.parametrize("stream", [True, False])
async def test_a_gap_is_filled_in_the_words_of_the_models_family(
    server: FakeLMStudio, provider: LMStudioProvider, stream: bool
) -> None:
    found = await _found(provider)
    assert found[CODER.key].capabilities.fim
    assert not found[CALLER.key].capabilities.fim
    asked = asking(Message("user", (Text("def f(x):"),)), suffix="\n\n", wants_stream=stream)
    said = await answered(provider, CODER.key, asked)
    assert (said.text, said.finish, said.usage.output_tokens) == ("return x", "stop", 2)
    sent = server.calls_to("/v1/completions")[-1].data
    assert sent["prompt"] == "<|fim_prefix|>def f(x):<|fim_suffix|>\n\n<|fim_middle|>"
    assert "<|endoftext|>" in sent["stop"]
    assert sent["ttl"] == TTL_S


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_the_address_of_its_openai_endpoint_means_the_same_server(
    server: FakeLMStudio, outbound: HttpOutbound, suffix: str
) -> None:
    assert len(await _found(_provider(server.url + suffix, outbound))) == 4


async def test_what_is_not_there_or_refuses_is_told_not_raised(
    server: FakeLMStudio, outbound: HttpOutbound
) -> None:
    gone, found = await _provider(closed_port_url(), outbound).discover()
    assert (gone.up, found) == (False, ())
    assert "refused the connection" in gone.detail
    plain = LMStudioProvider(Server("lmstudio", server.url), outbound, PATIENT)
    locked, _ = await plain.discover()
    assert "Invalid API token" in locked.detail


async def test_an_unknown_model_may_be_replaced_by_another(provider: LMStudioProvider) -> None:
    lost = replace(Candidate("lmstudio", "gone"), context_tokens=8192, warm=True)
    with pytest.raises(ProviderFailed, match="could not load gone") as failed:
        await gather(provider.stream(asking(), lost))
    assert (failed.value.kind, failed.value.retryable) == ("died", True)


def test_openais_sdk_reads_the_fake() -> None:
    with (
        FakeLMStudio(token=TOKEN) as server,
        OpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        talk: Any = [{"role": "user", "content": "hello"}]
        said = client.chat.completions.create(model=CODER.key, messages=talk)
        assert said.choices[0].message.content == Script().text
        told = client.embeddings.create(model=EMBEDDER.key, input=["a"], encoding_format="float")
        assert told.data[0].embedding == [1.0, 0.5]

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import pytest
from typing_extensions import override

from routerd.core.candidate import Candidate
from routerd.core.config import Timeouts
from routerd.core.errors import ProviderFailed
from routerd.core.request import Limits, Message, Request, Text, Tool
from routerd.core.response import Assembler, Chunk, Finish, Response, TextDelta, Usage
from routerd.network.outbound import HttpOutbound
from routerd.providers.openai_compatible import OpenAICompatibleProvider, Server
from tests.fakes.http_server import Call, FakeServer, Wire, closed_port_url
from tests.fakes.openai_chunks import Script, whole
from tests.fakes.openai_server import RETRY_AFTER_S, FakeOpenAI

pytestmark = pytest.mark.anyio

KEY = "sk-planted-secret"
PATIENT = Timeouts(first_token_s=5, whole_answer_s=5, idle_s=5)
SHORT = Timeouts(first_token_s=0.2, whole_answer_s=0.2, idle_s=0.2)
MODELS = {
    "good": Script(),
    "caller": Script(tool_calls=(("edit", '{"path": "ä.py"}'), ("save", "{}"))),
    "thinker": Script(thinking="Let me see."),
    "brief": Script(finish="length"),
}
STREAMED_FAULTS = {
    # fault: (kind, retryable, words in the message, pieces of text before it)
    "hang-before-headers": ("timeout", True, "silent", 0),
    "reset-before-headers": ("died", True, "reset the connection", 0),
    "close-before-headers": ("died", True, "broke off", 0),
    "status-400": ("rejected", False, "too many images", 0),
    "status-401": ("credential", True, "Incorrect API key", 0),
    "status-422": ("rejected", False, "422: Bad value", 0),
    "status-429": ("overloaded", True, "Rate limit", 0),
    "status-500": ("died", True, "had an error", 0),
    "status-503": ("overloaded", True, "Loading model", 0),
    "html": ("protocol", True, "login page", 0),
    "gzip": ("protocol", True, "compressed", 0),
    "redirect": ("protocol", True, "redirect", 0),
    "no-finish": ("died", True, "without a finish reason", 2),
    "close-delimited": ("died", True, "without a finish reason", 2),
    "fin-mid-chunk": ("died", True, "broke off", 2),
    "rst-mid-stream": ("died", True, "reset the connection", 2),
    "hang-mid-stream": ("timeout", True, "silent", 2),
    "broken-json": ("protocol", True, "broken JSON", 2),
    "no-blank-lines": ("died", True, "middle of an event", 0),
    "error-event": ("died", True, "out of memory", 2),
    "not-an-object": ("protocol", True, "not an object", 0),
    "huge-event": ("protocol", True, "more than 8 MiB", 0),
}
WHOLE_FAULTS = STREAMED_FAULTS | {
    "close-delimited": ("protocol", True, "broken JSON", 0),
    "broken-json": ("protocol", True, "broken JSON", 0),
    "no-blank-lines": ("protocol", True, "without choices", 0),
    "huge-event": ("protocol", True, "more than 65536 KiB", 0),
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(MODELS) as running:
        yield running


def _provider(
    url: str, outbound: HttpOutbound, timeouts: Timeouts = PATIENT, key: str | None = None
) -> OpenAICompatibleProvider:
    return OpenAICompatibleProvider(Server("team", f"{url}/v1"), outbound, timeouts, lambda: key)


@pytest.fixture
def provider(server: FakeOpenAI, outbound: HttpOutbound) -> OpenAICompatibleProvider:
    return _provider(server.url, outbound)


def _request(*, stream: bool = True, **more: Any) -> Request:
    talk = (Message("user", (Text("hello"),)),)
    return Request(talk, **({"dialect": "mcp", "wants_stream": stream} | more))


async def _gather(stream: AsyncGenerator[Chunk], got: list[Chunk]) -> list[Chunk]:
    """Add the chunks to `got`, as many as come before an error."""
    with anyio.fail_after(10):
        async with aclosing(stream):
            async for chunk in stream:
                got.append(chunk)
    return got


async def _response(
    provider: OpenAICompatibleProvider, model: str, request: Request
) -> tuple[Response, list[Chunk]]:
    chunks = await _gather(provider.stream(request, Candidate("team", model)), [])
    assert isinstance(chunks[-1], Finish)
    together = Assembler()
    for chunk in chunks:
        together.add(chunk)
    return together.response(model), chunks


@pytest.mark.parametrize("model", sorted(MODELS))
async def test_a_stream_and_a_whole_answer_say_the_same(
    provider: OpenAICompatibleProvider, model: str
) -> None:
    answer, pieces = await _response(provider, model, _request())
    assert (await _response(provider, model, _request(stream=False)))[0] == answer
    script = MODELS[model]
    assert answer.text == ("" if script.tool_calls else script.text)
    assert answer.finish == script.finish_reason
    assert answer.thinking == script.thinking
    assert [(call.name, call.arguments) for call in answer.tool_calls] == list(script.tool_calls)
    made = script.usage["completion_tokens"]
    assert answer.usage == Usage(script.prompt_tokens, made, script.cached_tokens)
    assert len(pieces) > 2


@pytest.mark.parametrize("model", ["split-utf8", "no-done", "comments-and-crlf"])
async def test_a_stream_cut_or_dressed_in_an_unusual_way_says_the_same(
    provider: OpenAICompatibleProvider, model: str
) -> None:
    usual, _ = await _response(provider, "good", _request())
    odd, _ = await _response(provider, model, _request())
    assert odd == replace(usual, model=model)


async def test_counts_that_never_came_are_minus_one(provider: OpenAICompatibleProvider) -> None:
    odd, _ = await _response(provider, "no-usage", _request())
    assert odd.usage == Usage(-1, -1)


def test_every_fault_of_the_fake_has_its_row() -> None:
    assert set(FakeOpenAI.FAULTS) == set(STREAMED_FAULTS) == set(WHOLE_FAULTS)


@pytest.mark.parametrize("fault", sorted(STREAMED_FAULTS))
async def test_a_broken_stream_is_a_failure_of_its_kind_and_never_a_finish(
    server: FakeOpenAI, outbound: HttpOutbound, fault: str
) -> None:
    kind, retryable, words, pieces = STREAMED_FAULTS[fault]
    got: list[Chunk] = []
    timeouts = SHORT if fault.startswith("hang") else PATIENT
    stream = _provider(server.url, outbound, timeouts).stream(_request(), Candidate("team", fault))
    with pytest.raises(ProviderFailed) as caught:
        await _gather(stream, got)
    assert re.search(words, caught.value.message)
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert got == [TextDelta(piece) for piece in Script().pieces[:pieces]]


@pytest.mark.parametrize("fault", sorted(WHOLE_FAULTS))
async def test_a_broken_whole_answer_is_a_failure_of_its_kind_and_never_a_part_of_it(
    server: FakeOpenAI, outbound: HttpOutbound, fault: str
) -> None:
    kind, retryable, words, _ = WHOLE_FAULTS[fault]
    got: list[Chunk] = []
    timeouts = SHORT if fault.startswith("hang") else PATIENT
    request = _request(stream=False)
    stream = _provider(server.url, outbound, timeouts).stream(request, Candidate("team", fault))
    with pytest.raises(ProviderFailed) as caught:
        await _gather(stream, got)
    assert re.search(words, caught.value.message)
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert got == []


async def test_a_closed_port_is_refused(outbound: HttpOutbound) -> None:
    stream = _provider(closed_port_url(), outbound).stream(_request(), Candidate("team", "good"))
    with pytest.raises(ProviderFailed) as caught:
        await _gather(stream, [])
    assert caught.value.kind == "refused"


async def test_the_wish_to_wait_is_kept(server: FakeOpenAI, outbound: HttpOutbound) -> None:
    stream = _provider(server.url, outbound).stream(_request(), Candidate("team", "status-429"))
    with pytest.raises(ProviderFailed) as caught:
        await _gather(stream, [])
    assert (caught.value.retry_after_s, caught.value.status) == (RETRY_AFTER_S, 429)


async def test_a_redirect_takes_neither_request_nor_key_along(outbound: HttpOutbound) -> None:
    with FakeOpenAI() as server:
        provider = _provider(server.url, outbound, key=KEY)
        with pytest.raises(ProviderFailed):
            await _gather(provider.stream(_request(), Candidate("team", "redirect")), [])
        assert [call.path for call in server.calls] == ["/v1/chat/completions"]


async def test_an_error_that_quotes_the_prompt_is_told_without_it(
    server: FakeOpenAI, outbound: HttpOutbound
) -> None:
    request = replace(_request(), messages=(Message("user", (Text("my private prompt"),)),))
    stream = _provider(server.url, outbound).stream(request, Candidate("team", "status-422"))
    with pytest.raises(ProviderFailed) as caught:
        await _gather(stream, [])
    assert "private" not in caught.value.message


async def test_the_key_is_in_one_header_and_nowhere_else(outbound: HttpOutbound) -> None:
    with FakeOpenAI(key=KEY) as server:
        provider = _provider(server.url, outbound, key=KEY)
        assert (await provider.discover())[0].up
        await _response(provider, "good", _request())
        for call in server.calls:
            assert call.headers["authorization"] == f"Bearer {KEY}"
            rest = {name: text for name, text in call.headers.items() if name != "authorization"}
            assert KEY not in f"{call.path} {rest} {call.body!r}"
        wrong = _provider(server.url, outbound, key="sk-wrong")
        status, found = await wrong.discover()
        assert (status.up, found) == (False, ())
        assert "401" in status.detail
        assert "sk-wrong" not in repr(status)


async def test_without_a_key_no_authorization_is_sent(
    server: FakeOpenAI, provider: OpenAICompatibleProvider
) -> None:
    await _response(provider, "good", _request())
    assert "authorization" not in server.calls[-1].headers


async def test_a_clients_own_json_is_passed_on_but_for_the_model(
    server: FakeOpenAI, provider: OpenAICompatibleProvider
) -> None:
    own = {
        "model": "auto",
        "stream": True,
        "messages": [{"role": "developer", "content": "hi", "name": "x"}],
        "logit_bias": {"50256": -100},
        "future_field": {"kept": True},
    }
    request = _request(dialect="openai", raw=json.dumps(own).encode())
    await _response(provider, "good", request)
    usage = {"stream_options": {"include_usage": True}}
    assert server.calls[-1].data == own | usage | {"model": "good"}


async def test_another_dialect_is_encoded(
    server: FakeOpenAI, provider: OpenAICompatibleProvider
) -> None:
    tool = Tool("edit", "Edit", {"type": "object"})
    limits = Limits(max_output_tokens=9, stop=("\n",))
    await _response(provider, "good", _request(tools=(tool,), limits=limits))
    sent = server.calls[-1].data
    assert sent["messages"] == [{"role": "user", "content": "hello"}]
    assert (sent["max_tokens"], sent["stop"]) == (9, ["\n"])
    assert sent["tools"][0]["function"]["name"] == "edit"


async def test_discovery_tells_models_for_chat_from_those_for_embeddings(
    outbound: HttpOutbound,
) -> None:
    models = {"qwen2.5-coder-7b": Script(), "nomic-embed-text": Script(), "whisper-1": Script()}
    with FakeOpenAI(models, about={"max_model_len": 16384}) as server:
        status, found = await _provider(server.url, outbound).discover()
    names = [candidate.model for candidate in found]
    assert (status.up, status.models) == (True, len(found))
    assert names[0] == "qwen2.5-coder-7b"
    assert "whisper-1" not in names
    assert [c.model for c in found if c.capabilities.embeddings] == ["nomic-embed-text"]
    assert (found[0].context_tokens, found[0].parameters_b) == (16384, 7.0)
    assert found[0].warm
    assert found[0].capabilities.tools


@pytest.mark.parametrize(
    ("about", "props", "expected"),
    [
        ({}, {"default_generation_settings": {"n_ctx": 8192}}, 8192),
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 131_072}}, None, 4096),
        ({"meta": {"n_ctx_train": 131_072}}, {"default_generation_settings": {}}, 0),
        ({"meta": None}, {"default_generation_settings": 7}, 0),
        ({}, None, 0),
        ({}, [], 0),
    ],
)
async def test_the_window_of_llama_server_is_the_one_in_effect(
    outbound: HttpOutbound, about: Any, props: Any, expected: int
) -> None:
    with FakeOpenAI(owned_by="llamacpp", about=about, props=props) as server:
        _, found = await _provider(server.url, outbound).discover()
    assert found[0].context_tokens == expected


async def test_other_servers_are_not_asked_for_props(
    server: FakeOpenAI, provider: OpenAICompatibleProvider
) -> None:
    await provider.discover()
    assert server.calls_to("/props") == []


async def test_the_users_own_word_on_the_window_counts_most(
    server: FakeOpenAI, outbound: HttpOutbound
) -> None:
    told = Server("team", f"{server.url}/v1/", zone="network", context_tokens=2048)
    provider = OpenAICompatibleProvider(told, outbound, PATIENT)
    status, found = await provider.discover()
    assert (found[0].context_tokens, found[0].zone) == (2048, "network")
    assert status.address == f"{server.url}/v1"


class Odd(FakeServer):
    """Answers every request with the same bytes."""

    def __init__(self, body: bytes, kind: str = "application/json") -> None:
        super().__init__()
        self._answer = (kind, body)

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        await wire.whole(200, *self._answer)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"<html>", "text/html", "login page"),
        (b"{", "application/json", "broken JSON"),
        (b"[]", "application/json", "not an object"),
        (b"{}", "application/json", "lists no models"),
        (b'{"data": {}}', "application/json", "lists no models"),
    ],
)
async def test_a_server_of_another_kind_is_down_and_says_why(
    outbound: HttpOutbound, body: bytes, kind: str, words: str
) -> None:
    with Odd(body, kind) as server:
        status, found = await _provider(server.url, outbound).discover()
    assert (status.up, found) == (False, ())
    assert words in status.detail


class Unhurried(FakeServer):
    """Lists models a byte at a time without end; answers long after its headers."""

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        await wire.begin("application/json")
        if call.method == "POST":
            await asyncio.sleep(0.3)
            await wire.chunk(json.dumps(whole(Script(), call.data)).encode())
            await wire.end()
        while not wire.closed:
            await wire.chunk(b" ")
            await asyncio.sleep(0.02)


async def test_a_server_that_trickles_does_not_hold_up_discovery(
    outbound: HttpOutbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routerd.providers.openai_compatible.DISCOVERY_S", 0.1)
    with Unhurried() as server, anyio.fail_after(5):
        status, found = await _provider(server.url, outbound).discover()
    assert (status.up, found) == (False, ())
    assert "in time" in status.detail


async def test_a_whole_answer_may_come_long_after_its_headers(outbound: HttpOutbound) -> None:
    with Unhurried() as server:
        provider = _provider(server.url, outbound, replace(PATIENT, idle_s=0.1))
        answer, _ = await _response(provider, "good", _request(stream=False))
    assert answer.text == Script().text


async def test_entries_that_make_no_sense_are_left_out(outbound: HttpOutbound) -> None:
    with Odd(b'{"data": [7, null, {}, {"id": ""}, {"id": "a-3b"}, "x"]}') as server:
        status, found = await _provider(server.url, outbound).discover()
    assert [candidate.model for candidate in found] == ["a-3b"]
    assert status.models == 1


async def test_a_server_that_is_down_is_told_not_raised(outbound: HttpOutbound) -> None:
    status, found = await _provider(closed_port_url(), outbound).discover()
    assert (status.up, found) == (False, ())
    assert "is the server running" in status.detail


@pytest.mark.parametrize("model", ["hang-mid-stream", "hang-before-headers"])
async def test_leaving_closes_the_connection_upstream(outbound: HttpOutbound, model: str) -> None:
    with FakeOpenAI() as server:
        stream = _provider(server.url, outbound).stream(_request(), Candidate("team", model))
        with anyio.move_on_after(0.2):
            await _gather(stream, [])
        assert await anyio.to_thread.run_sync(partial(server.disconnected.wait, 1.0))


async def test_closing_the_stream_closes_the_connection_upstream(outbound: HttpOutbound) -> None:
    with FakeOpenAI() as server:
        candidate = Candidate("team", "hang-mid-stream")
        stream = _provider(server.url, outbound).stream(_request(), candidate)
        assert await anext(stream) == TextDelta(Script().pieces[0])
        await stream.aclose()
        assert await anyio.to_thread.run_sync(partial(server.disconnected.wait, 1.0))

import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from typing_extensions import override

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.request import (
    Image,
    Limits,
    Message,
    Request,
    Text,
    Tool,
    ToolCall,
)
from routerd.core.response import (
    Assembler,
    Chunk,
    Finish,
    Progress,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from routerd.network.outbound import HttpOutbound
from routerd.network.sdk_transport import OutboundTransport
from routerd.providers.ollama import OllamaProvider
from tests.fakes.http_server import Call, FakeServer, Wire, closed_port_url
from tests.fakes.ollama_model import FakeModel, tokens
from tests.fakes.ollama_server import PULLED_BYTES, FakeOllama

pytestmark = pytest.mark.anyio

CODER = FakeModel()
CALLER = FakeModel(
    name="caller:7b", tool_calls=(("edit", {"path": "ä.py", "at": {"line": 3}}), ("save", {}))
)
THINKER = FakeModel(
    name="qwen3:8b", capabilities=("completion", "tools", "thinking"), thinking="Let me see. "
)
SEER = FakeModel(name="llava:7b", capabilities=("completion", "vision"))
EMBEDDER = FakeModel(name="all-minilm:latest", capabilities=("embedding",))
MODELS = (CODER, CALLER, THINKER, SEER, EMBEDDER)
SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "at": {
            "type": "object",
            "properties": {"line": {"type": "integer", "minimum": 1}},
            "required": ["line"],
        },
        "text": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["path"],
    "additionalProperties": False,
}
TOOL = Tool("edit", "Edit a file", SCHEMA)


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(*MODELS) as running:
        yield running


def _provider(url: str, outbound: HttpOutbound, *, first_byte_s: float = 5.0) -> OllamaProvider:
    make = partial(OutboundTransport, outbound, first_byte_s=first_byte_s, idle_s=5.0)
    return OllamaProvider("ollama", url, "device", make)


@pytest.fixture
def provider(server: FakeOllama, outbound: HttpOutbound) -> OllamaProvider:
    return _provider(server.url, outbound)


def _candidate(model: FakeModel, **more: Any) -> Candidate:
    return Candidate("ollama", model.name, context_tokens=model.context_length, warm=True, **more)


def _request(text: str = "hello", **more: Any) -> Request:
    return Request((Message("user", (Text(text),)),), **more)


async def _chunks(
    provider: OllamaProvider, request: Request, model: FakeModel = CODER
) -> list[Chunk]:
    with anyio.fail_after(5):
        async with aclosing(provider.stream(request, _candidate(model))) as stream:
            return [chunk async for chunk in stream]


async def _gather(stream: AsyncGenerator[Chunk], got: list[Chunk]) -> None:
    """Add the chunks to `got`, as many as come before an error."""
    async with aclosing(stream):
        async for chunk in stream:
            got.append(chunk)


async def _asked(server: FakeOllama, provider: OllamaProvider, request: Request) -> dict[str, Any]:
    """Return the body that the server got for a request."""
    await _chunks(provider, request)
    body: dict[str, Any] = server.calls_to("/api/chat")[-1].data
    return body


async def test_discovery_tells_what_is_there_and_what_it_can_do(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    status, found = await provider.discover()
    assert (status.up, status.models, status.address) == (True, 5, server.url)
    assert [candidate.name for candidate in found] == [f"ollama/{model.name}" for model in MODELS]
    coder, _, thinker, seer, embedder = found
    assert embedder.capabilities == Capabilities(embeddings=True)
    assert coder.capabilities == Capabilities(tools=True, json_schema=True, fim=True)
    assert thinker.capabilities == Capabilities(tools=True, json_schema=True, thinking=True)
    assert seer.capabilities == Capabilities(vision=True, json_schema=True)
    assert (coder.zone, coder.context_tokens, coder.warm) == ("device", 32768, False)
    assert (coder.parameters_b, coder.quantisation) == (7.6, "Q4_K_M")
    assert coder.load_s > 1


async def test_details_are_asked_once_a_model(server: FakeOllama, provider: OllamaProvider) -> None:
    for _ in range(2):
        await provider.discover()
    assert len(server.calls_to("/api/show")) == len(MODELS)


async def test_a_loaded_model_is_warm(server: FakeOllama, provider: OllamaProvider) -> None:
    await _chunks(provider, _request())
    _, found = await provider.discover()
    assert [candidate.warm for candidate in found] == [True, False, False, False, False]


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "glm-4.6:cloud", "my-own-name:latest"])
async def test_a_model_on_ollamas_servers_is_in_the_cloud_whatever_its_name(
    server: FakeOllama, provider: OllamaProvider, name: str
) -> None:
    server.models = {name: FakeModel(name=name, remote_model="gpt-oss:120b")}
    _, (found,) = await provider.discover()
    assert (found.zone, found.leaves_machine) == ("cloud", True)
    assert (found.warm, found.load_s) == (True, 0.0)
    # Ollama would ask its own servers for details, in offline mode too.
    assert server.calls_to("/api/show") == []


async def test_a_model_named_cloudy_is_not_in_the_cloud(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    server.models = {"cloud-coder:7b": FakeModel(name="cloud-coder:7b")}
    _, (found,) = await provider.discover()
    assert found.zone == "device"


async def test_a_cloud_model_is_not_told_a_window(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    async with aclosing(provider.stream(_request(), _candidate(CODER, zone="cloud"))) as stream:
        assert [chunk async for chunk in stream]
    assert "num_ctx" not in server.calls_to("/api/chat")[0].data["options"]


async def test_one_broken_model_does_not_hide_the_others(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    broken = FakeModel(name="broken:1b", fault="show-500")
    server.models = {"broken:1b": broken, **server.models}
    status, found = await provider.discover()
    assert (status.up, status.models) == (True, 6)
    assert not found[0].usable
    assert "unexpected EOF" in found[0].unusable_reason
    assert all(candidate.usable for candidate in found[1:])


async def test_a_server_that_is_down_is_told_not_raised(outbound: HttpOutbound) -> None:
    url = closed_port_url()
    status, found = await _provider(url, outbound).discover()
    assert (status.up, status.address, found) == (False, url, ())
    assert "is the server running" in status.detail


async def test_a_server_that_is_no_ollama_is_told_not_raised(outbound: HttpOutbound) -> None:
    class LoginPage(FakeServer):
        @override
        async def answer(self, call: Call, wire: Wire) -> None:
            if call.path == "/hang/api/tags":
                await wire.silence()
            await wire.whole(200, "text/html", b"<html>log in</html>")

    with LoginPage() as page:
        status, found = await _provider(page.url, outbound).discover()
        assert (status.up, found) == (False, ())
        assert "makes no sense" in status.detail
        hanging = _provider(f"{page.url}/hang", outbound, first_byte_s=0.1)
        status, found = await hanging.discover()
        assert (status.up, found) == (False, ())
        assert "silent" in status.detail


async def test_an_answer_ends_with_finish_and_the_counts(provider: OllamaProvider) -> None:
    chunks = await _chunks(provider, _request())
    assert chunks[:-1] == [TextDelta(piece) for piece in tokens(CODER.reply)]
    assert chunks[-1] == Finish("stop", Usage(5, len(tokens(CODER.reply))))


async def test_a_cold_model_is_announced_before_it_is_loaded(provider: OllamaProvider) -> None:
    cold = Candidate("ollama", CODER.name, load_s=4.6)
    async with aclosing(provider.stream(_request(), cold)) as stream:
        assert await anext(stream) == Progress(f"loading {CODER.name}, about 5 s")


async def test_thinking_is_kept_apart(provider: OllamaProvider) -> None:
    chunks = await _chunks(provider, _request(), THINKER)
    thoughts = [chunk.text for chunk in chunks if isinstance(chunk, ThinkingDelta)]
    texts = [chunk.text for chunk in chunks if isinstance(chunk, TextDelta)]
    assert ("".join(thoughts), "".join(texts)) == (THINKER.thinking, THINKER.reply)


async def test_a_long_prompt_gets_a_window_in_which_nothing_is_lost(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    text = "word " * 6000
    chunks = await _chunks(provider, _request(text))
    assert isinstance(chunks[-1], Finish)
    assert chunks[-1].usage.input_tokens > 6000
    assert server.prompts[0][0]["content"] == text


async def test_a_window_once_enlarged_is_kept_so_that_nothing_is_loaded_twice(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    for words in (10, 6000, 10, 6000):
        await _chunks(provider, _request("word " * words))
    assert server.loads == [(CODER.name, 4096), (CODER.name, 16384)]


async def test_a_window_that_somebody_else_loaded_is_used(
    server: FakeOllama, provider: OllamaProvider, outbound: HttpOutbound
) -> None:
    await _chunks(provider, _request("word " * 6000))
    other = _provider(server.url, outbound)
    await other.discover()
    await _chunks(other, _request())
    assert server.loads == [(CODER.name, 16384)]


async def test_tool_calls_come_with_json_arguments_and_ids_that_never_repeat(
    provider: OllamaProvider,
) -> None:
    seen: set[str] = set()
    for _ in range(2):
        whole = Assembler()
        for chunk in await _chunks(provider, _request(tools=(TOOL,)), CALLER):
            whole.add(chunk)
        first, second = whole.tool_calls
        assert (first.name, second.name) == ("edit", "save")
        assert json.loads(first.arguments) == {"path": "ä.py", "at": {"line": 3}}
        assert second.arguments == "{}"
        assert whole.response("m").finish == "tool_calls"
        seen |= {first.id, second.id}
    assert len(seen) == 4


async def test_a_tools_schema_arrives_whole(server: FakeOllama, provider: OllamaProvider) -> None:
    body = await _asked(server, provider, _request(tools=(TOOL,)))
    (sent,) = body["tools"]
    assert sent["function"] == {
        "name": "edit",
        "description": "Edit a file",
        "parameters": SCHEMA,
    }


async def test_an_image_is_passed_on_and_never_taken_for_a_file_name(
    server: FakeOllama, provider: OllamaProvider, tmp_path: Path
) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("PRIVATE", encoding="utf-8")
    for data in ("aGVsbG8=", str(secret)):
        talk = (Message("user", (Text("look"), Image("image/png", data))),)
        await _chunks(provider, Request(talk), SEER)
        call = server.calls_to("/api/chat")[-1]
        assert call.data["messages"][0]["images"] == [data]
        assert b"UFJJVkFUR" not in call.body


async def test_earlier_arguments_that_are_no_object_are_rejected_before_anything_is_sent(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    talk = (Message("assistant", (ToolCall("a", "edit", "{"),)),)
    with pytest.raises(ProviderFailed, match="tool 'edit'") as caught:
        await _chunks(provider, Request(talk))
    assert caught.value.kind == "rejected"
    assert server.calls == []


async def test_a_bound_on_the_answer_ends_it_with_length(provider: OllamaProvider) -> None:
    chunks = await _chunks(provider, _request(limits=Limits(max_output_tokens=2)))
    assert chunks[2:] == [Finish("length", Usage(5, 2))]


async def test_half_a_character_in_the_prompt_harms_nobody(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    body = await _asked(server, provider, _request("half \ud83d of it"))
    assert body["messages"][0]["content"] == "half \ud83d of it"


@pytest.mark.parametrize(
    ("fault", "kind", "words", "texts"),
    [
        ("status-500", "died", "llama runner process has terminated", 0),
        ("status-503", "overloaded", "server busy", 0),
        ("error-line", "died", "an error was encountered", 2),
        ("not-json", "protocol", "makes no sense", 2),
        ("no-done", "died", "without saying that it was done", 2),
        ("cut", "died", "broke off", 2),
        ("reset", "died", "reset the connection", 2),
        ("hang-before", "timeout", "silent", 0),
        ("hang", "timeout", "silent", 2),
    ],
)
async def test_what_goes_wrong_has_its_kind_and_never_a_finish(
    outbound: HttpOutbound, fault: Any, kind: str, words: str, texts: int
) -> None:
    broken = FakeModel(fault=fault)
    wait_s = 0.2 if fault.startswith("hang") else 5.0
    make = partial(OutboundTransport, outbound, first_byte_s=wait_s, idle_s=wait_s)
    got: list[Chunk] = []
    with FakeOllama(broken) as server:
        provider = OllamaProvider("ollama", server.url, "device", make)
        with anyio.fail_after(5), pytest.raises(ProviderFailed) as caught:
            await _gather(provider.stream(_request(), _candidate(broken)), got)
    assert re.search(words, caught.value.message)
    assert (caught.value.kind, caught.value.retryable) == (kind, True)
    assert got == [TextDelta(piece) for piece in tokens(broken.reply)[:texts]]


@pytest.mark.parametrize(
    ("line", "kind"),
    [(b"[]", "protocol"), (b"17", "protocol"), (b'{"done": 7}', "protocol"), (b"\xff", "protocol")],
)
async def test_a_line_of_another_shape_is_a_protocol_error(
    outbound: HttpOutbound, line: bytes, kind: str
) -> None:
    class Odd(FakeServer):
        @override
        async def answer(self, call: Call, wire: Wire) -> None:
            await wire.whole(200, "application/x-ndjson", line + b"\n")

    with Odd() as server, pytest.raises(ProviderFailed) as caught:
        await _chunks(_provider(server.url, outbound), _request())
    assert caught.value.kind == kind


async def test_a_model_that_is_gone_may_be_replaced_by_another(provider: OllamaProvider) -> None:
    gone = FakeModel(name="gone:7b")
    with pytest.raises(ProviderFailed) as caught:
        await _chunks(provider, _request(), gone)
    assert "model 'gone:7b' not found" in caught.value.message
    assert (caught.value.kind, caught.value.retryable) == ("rejected", True)


async def test_what_the_model_cannot_do_is_rejected_for_good(provider: OllamaProvider) -> None:
    with pytest.raises(ProviderFailed) as caught:
        await _chunks(provider, _request(tools=(TOOL,)), SEER)
    assert "does not support tools" in caught.value.message
    assert (caught.value.kind, caught.value.retryable) == ("rejected", False)


async def test_closing_the_stream_closes_the_connection(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    slow = server.models["slow:1b"] = FakeModel(name="slow:1b", fault="hang")
    stream = provider.stream(_request(), _candidate(slow))
    assert await anext(stream) == TextDelta("Hello")
    await stream.aclose()
    assert await anyio.to_thread.run_sync(partial(server.disconnected.wait, 1.0))


async def test_cancelling_the_stream_closes_the_connection(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    slow = server.models["slow:1b"] = FakeModel(name="slow:1b", fault="hang-before")
    await provider.discover()
    with anyio.move_on_after(0.1):
        await _chunks(provider, _request(), slow)
    assert await anyio.to_thread.run_sync(partial(server.disconnected.wait, 1.0))


async def test_a_prompt_that_no_window_holds_is_refused_before_anything_is_sent(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    candidate = replace(_candidate(CODER), context_tokens=4096)
    with pytest.raises(ProviderFailed, match="takes 4096") as failed:
        await _gather(provider.stream(_request("word " * 20_000), candidate), [])
    assert (failed.value.kind, failed.value.retryable) == ("rejected", True)
    assert server.calls_to("/api/chat") == []


async def test_an_estimate_that_was_too_small_is_mended_with_the_largest_window(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    # One character a token: more than any estimate for prose allows.
    chunks = await _chunks(provider, _request("a " * 8200))
    assert isinstance(chunks[-1], Finish)
    asked = [call.data["options"]["num_ctx"] for call in server.calls_to("/api/chat")]
    assert asked == [8192, 32768]
    assert server.prompts[-1][-1]["content"] == "a " * 8200


async def test_around_the_limit_nothing_is_ever_cut_in_silence(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    """200 requests of 3 900 to 4 300 words, and as many tokens, at a model that holds 4 096."""
    server.models["small"] = FakeModel("small", context_length=4096)
    candidate = _candidate(FakeModel("small", context_length=4096))
    kinds, whole = set(), 0
    for words in range(3900, 4300, 2):
        text = "a " * words
        try:
            await _gather(provider.stream(_request(text), candidate), [])
        except ProviderFailed as failure:
            kinds.add(failure.kind)
        else:
            assert server.prompts[-1][-1]["content"] == text
            whole += 1
    assert kinds == {"rejected"}
    assert whole == (4096 - 4 - 3900) // 2 + 1


async def test_the_time_a_load_took_is_learnt(server: FakeOllama, provider: OllamaProvider) -> None:
    provider._learn(CODER.name, 12_500_000_000)
    provider._learn(CODER.name, 1_000_000)
    _, found = await provider.discover()
    assert {c.load_s for c in found if c.model == CODER.name} == {12.5}


async def test_a_gap_is_filled_between_prefix_and_suffix(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    asked = _request("def add(a, b):\n    ", suffix="\n", limits=Limits(32, stop=("\n\n",)))
    chunks = await _chunks(provider, asked)
    assert "".join(c.text for c in chunks if isinstance(c, TextDelta)) == "return a + b"
    assert isinstance(chunks[-1], Finish)
    sent = server.calls_to("/api/generate")[-1].data
    assert (sent["prompt"], sent["suffix"]) == ("def add(a, b):\n    ", "\n")
    assert sent["options"]["num_predict"] == 32


async def test_embeddings_come_one_a_text(provider: OllamaProvider) -> None:
    answer = await provider.embed(EmbeddingRequest(("a", "b")), _candidate(EMBEDDER))
    assert len(answer.vectors) == 2
    assert answer.vectors[0] != answer.vectors[1]
    assert {len(vector) for vector in answer.vectors} == {4 * EMBEDDER.embedding_length}
    assert answer.input_tokens == 2
    with pytest.raises(ProviderFailed, match="404"):
        await provider.embed(EmbeddingRequest(("a",)), Candidate("ollama", "nobody"))


async def test_how_much_to_think_is_told_to_models_that_do(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    thinks = _candidate(THINKER, capabilities=Capabilities(thinking=True))
    for effort, sent in (("high", True), ("minimal", True), ("none", False)):
        await _gather(provider.stream(_request(effort=effort), thinks), [])
        assert server.calls_to("/api/chat")[-1].data["think"] == sent
    await _chunks(provider, _request(effort="high"))
    assert "think" not in server.calls_to("/api/chat")[-1].data


async def test_a_model_is_unloaded_once(server: FakeOllama, provider: OllamaProvider) -> None:
    await _chunks(provider, _request())
    assert await provider.unload(CODER.name)
    assert server.loaded == {}
    assert not await provider.unload(CODER.name)


async def test_a_model_is_pulled_with_progress(
    server: FakeOllama, provider: OllamaProvider
) -> None:
    steps = [step async for step in provider.pull("new:1b")]
    assert steps[-1][0] == "success"
    assert max(done for _, done, _ in steps) == PULLED_BYTES
    assert "new:1b" in server.models


@pytest.mark.parametrize(("name", "words"), [("missing:1b", "failed"), ("torn:1b", "done")])
async def test_a_pull_that_fails_says_so(provider: OllamaProvider, name: str, words: str) -> None:
    with pytest.raises(ProviderFailed, match=words):
        _ = [step async for step in provider.pull(name)]

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any

import anyio
import httpx
import ollama
import pytest

from routerd.core.errors import ProviderFailed
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.network.sdk_transport import OutboundTransport
from tests.fakes.http_server import closed_port_url
from tests.fakes.ollama_model import FakeModel
from tests.fakes.ollama_server import FakeOllama

pytestmark = pytest.mark.anyio

MODEL = FakeModel()
SLOW = FakeModel(name="slow:1b", fault="hang")
SILENT = FakeModel(name="silent:1b", fault="hang-before")
CUT = FakeModel(name="cut:1b", fault="cut")
ASK = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(MODEL, SLOW, SILENT, CUT) as running:
        yield running


@pytest.fixture
async def outbound() -> AsyncIterator[HttpOutbound]:
    async with aclosing(HttpOutbound(connect_s=1.0)) as opened:
        yield opened


def _sdk(url: str, outbound: Any, *, first_byte_s: float = 5.0) -> ollama.AsyncClient:
    transport = OutboundTransport(outbound, first_byte_s=first_byte_s, idle_s=5.0)
    return ollama.AsyncClient(host=url, transport=transport, trust_env=False)


async def test_the_sdk_answers_whole_and_streamed(
    server: FakeOllama, outbound: HttpOutbound
) -> None:
    client = _sdk(server.url, outbound)
    assert (await client.list()).models[0].model == MODEL.name
    whole = await client.chat(MODEL.name, messages=ASK)
    parts = [part async for part in await client.chat(MODEL.name, messages=ASK, stream=True)]
    assert whole.message.content == MODEL.reply
    assert "".join(part.message.content or "" for part in parts) == MODEL.reply
    assert server.calls_to("/api/chat")[0].data["messages"] == ASK


async def test_keys_of_the_environment_are_never_sent(
    server: FakeOllama, outbound: HttpOutbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-planted")
    client = _sdk(server.url, outbound)
    await client.list()
    await client.chat(MODEL.name, messages=ASK)
    for call in server.calls:
        assert "authorization" not in call.headers
        assert "sk-planted" not in str(call)


async def test_nothing_tells_the_server_which_machine_asks(
    server: FakeOllama, outbound: HttpOutbound
) -> None:
    await _sdk(server.url, outbound).list()
    headers = server.calls[0].headers
    assert headers["user-agent"] == "routerd"
    assert headers["accept-encoding"] == "identity"
    assert headers["host"] == f"127.0.0.1:{server.port}"


async def test_a_stream_arrives_piece_by_piece_and_closing_it_closes_the_connection(
    server: FakeOllama, outbound: HttpOutbound
) -> None:
    client = _sdk(server.url, outbound)
    stream: Any = await client.chat(SLOW.name, messages=ASK, stream=True)
    with anyio.fail_after(5):
        first = await anext(stream)
        assert first.message.content == "Hello"
        assert not server.disconnected.is_set()
        await stream.aclose()
        assert await anyio.to_thread.run_sync(partial(server.disconnected.wait, 1.0))


@pytest.mark.parametrize("model", [SLOW, SILENT])
async def test_cancelling_closes_the_connection(
    server: FakeOllama, outbound: HttpOutbound, model: FakeModel
) -> None:
    client = _sdk(server.url, outbound)
    with anyio.move_on_after(0.1):
        async for _ in await client.chat(model.name, messages=ASK, stream=True):
            continue
    assert await anyio.to_thread.run_sync(partial(server.disconnected.wait, 1.0))


async def test_failures_come_through_the_sdk_as_they_are(
    server: FakeOllama, outbound: HttpOutbound
) -> None:
    with pytest.raises(ProviderFailed) as refused:
        await _sdk(closed_port_url(), outbound).list()
    assert refused.value.kind == "refused"
    with pytest.raises(ProviderFailed) as silent:
        await _sdk(server.url, outbound, first_byte_s=0.1).chat(SILENT.name, messages=ASK)
    assert silent.value.kind == "timeout"
    stream: Any = await _sdk(server.url, outbound).chat(CUT.name, messages=ASK, stream=True)
    assert [(await anext(stream)).done for _ in range(2)] == [False, False]
    with pytest.raises(ProviderFailed) as cut:
        await anext(stream)
    assert cut.value.kind == "died"


async def test_offline_mode_holds_for_the_sdk_too(outbound: HttpOutbound) -> None:
    door = LoopbackOnly(outbound)
    with pytest.raises(ProviderFailed) as caught:
        await _sdk("http://ollama.example:11434", door).list()
    assert caught.value.kind == "offline"
    assert door.refused == 1


async def test_methods_that_no_backend_needs_are_refused(outbound: HttpOutbound) -> None:
    transport = OutboundTransport(outbound, first_byte_s=1.0, idle_s=1.0)
    with pytest.raises(ProviderFailed, match="method PATCH is not allowed"):
        await transport.handle_async_request(httpx.Request("PATCH", "http://127.0.0.1:1/"))

"""LM Studio's SDK reaches the one engine it was bound to, and nothing else."""

import threading
from contextlib import nullcontext

import httpx
import lmstudio
import pytest

from routerd.core.errors import ProviderFailed
from routerd.network.lmstudio_link import OneServer, _bound_class, link
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from tests.fakes.http_server import closed_port_url
from tests.fakes.lmstudio_server import CODER, FakeLMStudio

pytestmark = pytest.mark.anyio


def allowed(_: str) -> None:
    """Let everything pass."""


async def test_the_bound_client_lists_over_its_own_protocol() -> None:
    with FakeLMStudio() as server:
        async with link(server.url, allowed)() as client:
            models = await client.list_downloaded_models()
        assert CODER.key in [model.model_key for model in models]
        assert {call.path for call in server.calls} == {
            "/lmstudio-greeting",
            "/system",
            "/llm",
            "/embedding",
        }


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, closed_port_url())
    with FakeLMStudio() as server:
        async with link(server.url, allowed)() as client:
            assert await client.list_downloaded_models()


async def test_a_client_that_nobody_bound_reaches_nothing() -> None:
    # Not even with the library's own class: the road is closed for the whole process.
    _bound_class()
    with FakeLMStudio() as bound, FakeLMStudio() as other:
        for opened in (nullcontext, link(bound.url, allowed)):
            async with opened():
                with pytest.raises(lmstudio.LMStudioError):
                    async with lmstudio.AsyncClient(f"127.0.0.1:{other.port}"):
                        pytest.fail("it was opened")
        assert not [call for call in other.calls if call.path != "/lmstudio-greeting"]


async def test_no_port_is_tried_where_no_address_is_given() -> None:
    assert list(_bound_class()._iter_default_api_hosts()) == []


@pytest.mark.parametrize(
    "url", ["http://192.0.2.7:1234", "http://localhost:1234", "http://evil.test:1234"]
)
async def test_only_a_loopback_address_by_number_can_be_bound(url: str) -> None:
    with pytest.raises(ProviderFailed, match="not on this machine"):
        link(url, allowed)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "https://127.0.0.1:5/x", "http://127.0.0.2:5/", "ftp://a/"]
)
async def test_another_address_is_refused_by_the_transport(url: str) -> None:
    async with OneServer("127.0.0.1:5", allowed, 1.0) as transport:
        with pytest.raises(ProviderFailed, match="not the engine"):
            await transport.handle_async_request(httpx.Request("GET", url))


async def test_offline_mode_is_asked_each_time() -> None:
    door = LoopbackOnly(HttpOutbound(), offline=True, allowed=())
    with FakeLMStudio() as server:
        opened = link(server.url, door.check)
        with pytest.raises(ProviderFailed) as refused:
            async with opened():
                pytest.fail("it was opened")
        assert refused.value.kind == "offline"
        assert server.calls == []
        door.allowed = frozenset((server.url,))
        async with opened() as client:
            assert await client.list_downloaded_models()


async def test_closing_ends_every_connection_and_thread_of_the_sdk() -> None:
    before = threading.active_count()
    with FakeLMStudio() as server:
        for _ in range(3):
            async with link(server.url, allowed)() as client:
                await client.list_loaded_models()
        assert threading.active_count() <= before + 3

import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.network.offline import LoopbackOnly, is_loopback

pytestmark = pytest.mark.anyio

ON_THIS_MACHINE = [
    "http://127.0.0.1",
    "http://127.0.0.1:11434/api/tags",
    "HTTP://127.0.0.1:80/",
    "http://127.8.9.10:1/",
    "http://[::1]:8080/v1",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://user:password@127.0.0.1/",
    "https://127.0.0.1/",
]
ELSEWHERE = [
    # Names would have to be resolved, and a resolver is a server on the network.
    "http://localhost/",
    "http://localhost.:80/",
    "http://LOCALHOST/",
    "http://localhost.localdomain/",
    "http://ip6-localhost/",
    "http://foo.localhost/",
    "http://127.0.0.1.nip.io/",
    "http://127.0.0.1.example.com/",
    "http://api.openai.com/v1",
    # Not loopback, although it reaches this machine's own servers on some systems.
    "http://0.0.0.0/",
    "http://0/",
    "http://[::]/",
    # Other notations of 127.0.0.1: what connects may read them otherwise than what checks.
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.1%00.example.com/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://127\u30020\u30020\u30021/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    # User names that look like addresses.
    "http://127.0.0.1@example.com/",
    "http://127.0.0.1:80@example.com/",
    "http://127.0.0.1:80\\@example.com/",
    "http://[::1]@example.com/",
    # The network next door and the cloud's own metadata.
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://192.168.1.2/",
    "http://10.0.0.1/",
    "http://126.255.255.255/",
    "http://128.0.0.0/",
    "http://[::2]/",
    "http://[fe80::1]/",
    "http://[::ffff:8.8.8.8]/",
    # No host at all.
    "",
    "http://",
    "http:///v1",
    "127.0.0.1",
    "127.0.0.1:11434",
    "/v1/models",
    "http://[::1",
    "http://]/",
]


class Recording:
    """An Outbound that remembers where it was asked to go."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    @asynccontextmanager
    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", **_: float
    ) -> AsyncIterator[Reply]:
        self.urls.append(url)
        yield Reply(200, {}, _nothing())


async def _nothing() -> AsyncIterator[bytes]:
    for data in ():
        yield data


@pytest.fixture(scope="module")
def resolved() -> Iterator[list[str]]:
    """The names that anybody in this process has asked to be resolved."""
    asked: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event.startswith("socket.get"):
            asked.append(str(arguments))

    sys.addaudithook(watch)
    yield asked
    watching = False


@pytest.mark.parametrize("url", ON_THIS_MACHINE)
async def test_loopback_addresses_pass(url: str) -> None:
    inner = Recording()
    door = LoopbackOnly(inner)
    assert is_loopback(url)
    async with door.send("GET", url, {}) as reply:
        assert reply.status == 200
    assert inner.urls == [url]
    assert door.refused == 0


@pytest.mark.parametrize("url", ELSEWHERE)
def test_everything_else_is_refused_before_anything_is_resolved(
    url: str, resolved: list[str]
) -> None:
    inner = Recording()
    door = LoopbackOnly(inner)
    before = len(resolved)
    assert not is_loopback(url)
    with pytest.raises(ProviderFailed, match="offline mode is on") as caught:
        door.send("GET", url, {})
    assert caught.value.kind == "offline"
    assert inner.urls == []
    assert door.refused == 1
    assert resolved[before:] == []


def test_the_watch_on_resolving_does_see_it(resolved: list[str]) -> None:
    before = len(resolved)
    socket.getaddrinfo("127.0.0.1", 80, flags=socket.AI_NUMERICHOST)
    assert len(resolved) == before + 1


def test_refusals_are_counted_and_the_last_is_named_without_path_or_credentials() -> None:
    door = LoopbackOnly(Recording())
    for url in ("http://a.example/1", "https://me:secret@b.example:8443/private?key=secret"):
        with pytest.raises(ProviderFailed) as caught:
            door.check(url)
    assert door.refused == 2
    assert door.last_refused == "https://b.example:8443"
    assert "secret" not in caught.value.message
    assert "private" not in caught.value.message


async def test_online_everything_passes_and_the_switch_works_at_once() -> None:
    inner = Recording()
    door = LoopbackOnly(inner, offline=False)
    async with door.send("POST", "https://api.example/v1", {}, b"x"):
        pass
    door.offline = True
    with pytest.raises(ProviderFailed):
        door.send("POST", "https://api.example/v1", {}, b"x")
    assert inner.urls == ["https://api.example/v1"]
    assert door.refused == 1

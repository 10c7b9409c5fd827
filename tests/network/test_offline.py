import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from routerd.core import traffic
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.network.offline import MOST_TOLD, LoopbackOnly, is_loopback

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


class Endless:
    """An Outbound whose answers never end."""

    @asynccontextmanager
    async def send(self, *_: Any, **__: Any) -> AsyncIterator[Reply]:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"more"

        yield Reply(200, {}, body())


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


async def test_offline_another_port_of_this_machine_may_be_a_proxy_and_is_refused() -> None:
    inner = Recording()
    door = LoopbackOnly(inner, allowed=["http://127.0.0.1:11434"])
    async with door.send("GET", "http://127.0.0.1:11434/api/tags", {}):
        pass
    with pytest.raises(ProviderFailed, match="none of the engines on this machine"):
        door.send("GET", "http://127.0.0.1:3128/", {})
    door.offline = False
    async with door.send("GET", "http://127.0.0.1:3128/", {}):
        pass


async def test_the_report_tells_what_was_refused_and_let_through_by_server() -> None:
    time_s = 100.0
    door = LoopbackOnly(Recording(), clock_s=lambda: time_s)
    for _ in range(2):
        with pytest.raises(ProviderFailed):
            door.send("POST", "https://api.vendor.com/v1/secret-path?key=1", {})
    time_s = 200.0
    door.offline = False
    async with door.send("POST", "https://api.vendor.com/v1", {}, b"12345"):
        pass
    (attempt,) = door.attempts.values()
    assert (attempt.server, attempt.refused, attempt.passed) == ("https://api.vendor.com", 2, 1)
    assert attempt.last_unix_s == door.since_unix_s == 200.0


async def test_bodies_that_leave_are_counted_and_those_that_stay_are_not() -> None:
    counted = traffic.Traffic()
    token = traffic.CURRENT.set(counted)
    try:
        door = LoopbackOnly(Recording(), offline=False)
        async with door.send("POST", "http://127.0.0.1:1/", {}, b"stays"):
            pass
        async with door.send("POST", "https://api.vendor.com/", {}, b"leaves"):
            pass
    finally:
        traffic.CURRENT.reset(token)
    assert (counted.bytes_out, counted.servers) == (6, {"https://api.vendor.com"})


async def test_an_answer_under_way_ends_when_offline_mode_is_switched_on() -> None:
    door = LoopbackOnly(Endless(), offline=False)
    async with door.send("GET", "https://api.vendor.com/", {}) as reply:
        body = aiter(reply.body)
        for got in range(3):
            assert await anext(body) == b"more", got
        door.offline = True
        with pytest.raises(ProviderFailed, match="offline mode is on"):
            await anext(body)


async def test_many_servers_are_counted_together() -> None:
    door = LoopbackOnly(Recording())
    for number in range(MOST_TOLD + 50):
        with pytest.raises(ProviderFailed):
            door.send("GET", f"https://h{number}.vendor.com/", {})
    assert len(door.attempts) == MOST_TOLD + 1
    assert door.attempts["others"].refused == 50


def test_who_wants_to_know_is_told_of_each_refusal() -> None:
    told: list[str] = []
    guard = LoopbackOnly(Recording())
    guard.on_refused = lambda server, _why, _looking: told.append(server)
    for _ in range(2):
        with pytest.raises(ProviderFailed):
            guard.check("https://key@api.example.com/v1")
    assert told == ["https://api.example.com"] * 2

import errno
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial

import anyio
import httpx2
import pytest
from typing_extensions import override

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound, Reply
from routerd.network.outbound import HttpOutbound, map_error
from tests.fakes.http_server import Call, FakeServer, Wire, closed_port_url

pytestmark = pytest.mark.anyio


class Upstream(FakeServer):
    """Behaves as the path says."""

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        name = call.path.strip("/")
        if name in ("cut", "rst", "stall"):
            await wire.begin("text/plain")
            await wire.chunk(b"first")
        if name in ("hang", "stall"):
            await wire.silence()
        elif name in ("reset", "rst"):
            wire.reset()
        elif name in ("close", "cut"):
            wire.finish()
        elif name == "nonsense":
            await wire.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        else:
            status, body, headers = self._whole(name)
            await wire.whole(status, "text/plain", body or call.body or b"hello", **headers)

    def _whole(self, name: str) -> tuple[int, bytes, dict[str, str]]:
        answers: dict[str, tuple[int, bytes, dict[str, str]]] = {
            "redirect": (302, b"moved", {"location": f"{self.url}/elsewhere"}),
            "gzip": (200, b"\x1f\x8b\x08", {"content_encoding": "gzip"}),
            "identity": (200, b"plain", {"content_encoding": "Identity"}),
            "cookie": (200, b"", {"set_cookie": "session=1; Path=/"}),
        }
        return answers.get(name, (200, b"", {"X_Odd": "Yes"}))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
async def outbound() -> AsyncIterator[HttpOutbound]:
    async with aclosing(HttpOutbound(connect_s=1.0)) as opened:
        yield opened


async def _body(reply: Reply) -> bytes:
    return b"".join([data async for data in reply.body])


async def _ask(outbound: Outbound, url: str, **limits: float) -> bytes:
    async with outbound.send("GET", url, {}, **limits) as reply:
        return await _body(reply)


async def test_a_healthy_answer_arrives_with_lower_case_headers(
    outbound: HttpOutbound, upstream: Upstream
) -> None:
    async with outbound.send("POST", f"{upstream.url}/x", {"x-a": "b"}, b"ping") as reply:
        assert (reply.status, reply.headers["x-odd"]) == (200, "Yes")
        assert await _body(reply) == b"ping"
    (call,) = upstream.calls
    assert (call.method, call.body, call.headers["x-a"]) == ("POST", b"ping", "b")


async def test_identity_encoding_is_asked_for_and_nothing_is_told_of_the_client_library(
    outbound: HttpOutbound, upstream: Upstream
) -> None:
    await _ask(outbound, upstream.url)
    assert upstream.calls[0].headers["accept-encoding"] == "identity"
    assert upstream.calls[0].headers["user-agent"] == "routerd"


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("hang", "timeout", "stayed silent too long"),
        ("reset", "died", "reset the connection"),
        ("close", "died", "broke off"),
        ("nonsense", "died", "broke off"),
        ("cut", "died", "broke off"),
        ("rst", "died", "reset the connection"),
        ("stall", "timeout", "stayed silent for 0.2 s in the middle"),
        ("gzip", "protocol", "compressed body"),
    ],
)
async def test_what_goes_wrong_is_named_by_kind(
    outbound: HttpOutbound, upstream: Upstream, path: str, kind: str, words: str
) -> None:
    wait_s = 0.2 if kind == "timeout" else 5.0
    with anyio.fail_after(10), pytest.raises(ProviderFailed, match=words) as caught:
        await _ask(outbound, f"{upstream.url}/{path}", first_byte_s=wait_s, idle_s=wait_s)
    assert caught.value.kind == kind
    assert caught.value.retryable
    assert f"127.0.0.1:{upstream.port}" in caught.value.message


async def test_nobody_at_the_port_is_refused(outbound: HttpOutbound) -> None:
    with (
        anyio.fail_after(5),
        pytest.raises(ProviderFailed, match="is the server running") as caught,
    ):
        await _ask(outbound, closed_port_url())
    assert caught.value.kind == "refused"


async def test_a_server_without_tls_behind_https_gets_no_request(upstream: Upstream) -> None:
    async with aclosing(HttpOutbound(connect_s=0.2)) as outbound:
        with anyio.fail_after(5), pytest.raises(ProviderFailed):
            await _ask(outbound, upstream.url.replace("http:", "https:"))
    assert upstream.calls == []


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "is its name spelt right"),
        (ssl.SSLCertVerificationError("self-signed"), "certificate that this machine doesn't"),
        (ConnectionRefusedError(111, "refused"), "is the server running"),
        (OSError(errno.EMFILE, "Too many open files"), "routerd has too many files open"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "is there a network?"),
    ],
)
def test_a_connection_that_failed_says_why(cause: Exception, words: str) -> None:
    error = httpx2.ConnectError("all attempts failed")
    error.__cause__ = cause
    failure = map_error(error, "https://gpu-box.internal:8000/v1")
    assert failure.kind == "refused"
    assert failure.message.startswith("gpu-box.internal:8000 ")
    assert words in failure.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.PoolTimeout("x"), "overloaded"),
        (httpx2.WriteError("x"), "died"),
        (httpx2.LocalProtocolError("header with secret"), "protocol"),
    ],
)
def test_rarer_errors_have_their_kinds_too(error: Exception, kind: str) -> None:
    failure = map_error(error, "http://127.0.0.1:1/x")
    assert failure.kind == kind
    assert "secret" not in failure.message


@pytest.mark.skipif(sys.platform != "linux", reason="fills a backlog the way Linux counts it")
async def test_a_server_that_accepts_no_connection_is_given_up_within_the_connect_limit() -> None:
    with socket.socket() as busy, socket.socket() as first:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        first.connect(busy.getsockname())
        url = f"http://127.0.0.1:{busy.getsockname()[1]}"
        async with aclosing(HttpOutbound(connect_s=0.2)) as outbound:
            with anyio.fail_after(5), pytest.raises(ProviderFailed, match="in time") as caught:
                await _ask(outbound, url)
    assert caught.value.kind == "timeout"


async def test_an_error_names_the_server_and_neither_path_nor_credentials(
    outbound: HttpOutbound,
) -> None:
    url = closed_port_url().replace("//", "//user:secret@") + "/v1/private?key=secret"
    with pytest.raises(ProviderFailed) as caught:
        await _ask(outbound, url)
    assert "secret" not in caught.value.message
    assert "private" not in caught.value.message


async def test_a_redirect_is_not_followed(outbound: HttpOutbound, upstream: Upstream) -> None:
    async with outbound.send("GET", f"{upstream.url}/redirect", {}) as reply:
        assert reply.status == 302
    assert [call.path for call in upstream.calls] == ["/redirect"]


async def test_proxies_of_the_environment_are_not_used(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Upstream() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        async with aclosing(HttpOutbound(connect_s=0.2)) as outbound:
            assert await _ask(outbound, upstream.url) == b"hello"
            with pytest.raises(ProviderFailed):
                await _ask(outbound, upstream.url.replace("http:", "https:"))
        assert proxy.calls == []


async def test_credentials_of_netrc_are_not_used(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with aclosing(HttpOutbound()) as outbound:
        await _ask(outbound, upstream.url)
    assert "authorization" not in upstream.calls[0].headers


async def test_cookies_are_not_kept(outbound: HttpOutbound, upstream: Upstream) -> None:
    await _ask(outbound, f"{upstream.url}/cookie")
    await _ask(outbound, upstream.url)
    assert "cookie" not in upstream.calls[1].headers


async def test_identity_said_aloud_is_fine(outbound: HttpOutbound, upstream: Upstream) -> None:
    assert await _ask(outbound, f"{upstream.url}/identity") == b"plain"


async def _left(upstream: Upstream) -> bool:
    return await anyio.to_thread.run_sync(partial(upstream.disconnected.wait, 1.0))


async def test_leaving_the_context_closes_the_connection_upstream(
    outbound: HttpOutbound, upstream: Upstream
) -> None:
    async with outbound.send("GET", f"{upstream.url}/stall", {}) as reply:
        assert await anext(aiter(reply.body)) == b"first"
        assert not upstream.disconnected.is_set()
    assert await _left(upstream)


@pytest.mark.parametrize("path", ["stall", "hang"])
async def test_cancelling_closes_the_connection_upstream(
    outbound: HttpOutbound, upstream: Upstream, path: str
) -> None:
    with anyio.move_on_after(0.1) as scope:
        await _ask(outbound, f"{upstream.url}/{path}")
    assert scope.cancelled_caught
    assert upstream.calls
    assert await _left(upstream)


async def test_an_answer_read_to_its_end_leaves_the_connection_for_the_next(
    outbound: HttpOutbound, upstream: Upstream
) -> None:
    for _ in range(3):
        await _ask(outbound, upstream.url)
    assert {call.client for call in upstream.calls} == {1}
    assert upstream.disconnects == 0


async def test_a_slow_answer_does_not_hold_up_another(
    outbound: HttpOutbound, upstream: Upstream
) -> None:
    with anyio.fail_after(5):
        async with outbound.send("GET", f"{upstream.url}/stall", {}):
            assert await _ask(outbound, upstream.url) == b"hello"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "unix:///x", ""])
async def test_only_http_addresses_are_used(outbound: HttpOutbound, url: str) -> None:
    with pytest.raises(ProviderFailed, match="only http:// and https://") as caught:
        await _ask(outbound, url)
    assert caught.value.kind == "rejected"


@pytest.mark.parametrize(
    ("url", "key"), [("http://[::1", "k"), ("http://127.0.0.1\x00:1", "k"), ("", "k\u201dsecret")]
)
async def test_what_http_cannot_carry_is_told_without_quoting_it(
    outbound: HttpOutbound, upstream: Upstream, url: str, key: str
) -> None:
    with pytest.raises(ProviderFailed, match="can't be sent") as caught:
        async with outbound.send("GET", url or upstream.url, {"authorization": f"Bearer {key}"}):
            pass
    assert "secret" not in caught.value.message
    assert upstream.calls == []

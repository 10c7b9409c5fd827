"""Raw bytes on the socket: whatever comes, one answer at most, never a 5xx, and the server lives."""

import contextlib
import re
import socket
from collections.abc import Iterator

import pytest

from routerd.endpoints import strict_http
from routerd.endpoints.http_server import MAX_CONNECTIONS
from tests.fakes.scripted_house import TOKEN, ServedHouse

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
BODY = b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}'
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\n\r\n"
GET = (
    b"GET /v1/models HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\nConnection: close\r\n"
)
POST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer TOKEN\r\n"
    b"Content-Type: application/json\r\nConnection: close\r\n"
)
CL = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)

# Each is refused (4xx) or closed without a word; none is answered with 2xx.
REFUSED: dict[str, bytes] = {
    "length and chunks": POST + CL + CHUNKED + b"\r\n" + CHUNKS,
    "chunks and length": POST + CHUNKED + CL + b"\r\n" + CHUNKS,
    "length and chunks, smuggling": POST
    + b"Content-Length: 4\r\n"
    + CHUNKED
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "two equal lengths": POST + CL + CL + b"\r\n" + BODY,
    "two different lengths": POST + CL + b"Content-Length: 3\r\n\r\n" + BODY,
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": POST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a point": POST + b"Content-Length: 5.0\r\n\r\nhello",
    "an empty length": POST + b"Content-Length:\r\n\r\nhello",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "a length of 40 MB": POST + b"Content-Length: 41943040\r\n\r\n",
    "another coding": POST + b"Transfer-Encoding: gzip\r\n\r\n" + CHUNKS,
    "two codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS,
    "chunked twice": POST + CHUNKED + CHUNKED + b"\r\n" + CHUNKS,
    "chunked in one word and more": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n" + BODY,
    "chunked with a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS,
    "chunked on a folded line": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + CHUNKS,
    "a negative chunk": POST + CHUNKED + b"\r\n-1\r\n\r\n",
    "a chunk size that is no number": POST + CHUNKED + b"\r\nzz\r\nhello\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": POST + CHUNKED + b"\r\nfffffffffffffffff\r\n",
    "a chunk longer than its size": POST + CHUNKED + b"\r\n2\r\nhello\r\n0\r\n\r\n",
    "two hosts": GET + b"Host: evil.test\r\n\r\n",
    "no host": b"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    "an empty host": b"GET /v1/models HTTP/1.1\r\nHost:\r\nAuthorization: Bearer TOKEN\r\n\r\n",
    "a foreign host": GET.replace(b"HOST", b"evil.test") + b"\r\n",
    "a host with a path": GET.replace(b"HOST", b"HOST/?") + b"\r\n",
    "a host with a fragment": GET.replace(b"HOST", b"HOST#") + b"\r\n",
    "a host with a user": GET.replace(b"HOST", b"me@HOST") + b"\r\n",
    "a host with a blank": GET.replace(b"HOST", b"HOST evil.test") + b"\r\n",
    "a host as decimal": GET.replace(b"HOST", b"2130706433:PORT") + b"\r\n",
    "a host of zeros": GET.replace(b"HOST", b"0.0.0.0:PORT") + b"\r\n",
    "a longer host": GET.replace(b"HOST", b"HOST.evil.test") + b"\r\n",
    "an absolute target": GET.replace(b"/v1/models", b"http://HOST/v1/models") + b"\r\n",
    "a foreign absolute target": GET.replace(b"/v1/models", b"http://evil.test/v1/models")
    + b"\r\n",
    "no path at all": GET.replace(b"/v1/models", b"*") + b"\r\n",
    "a target without a slash": GET.replace(b"/v1/models", b"v1/models") + b"\r\n",
    "a tunnel": b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n",
    "an unknown method": GET.replace(b"GET", b"FROB") + b"\r\n",
    "a method in small letters": GET.replace(b"GET", b"get") + b"\r\n",
    "a trace": GET.replace(b"GET", b"TRACE") + b"\r\n",
    "another version": GET.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
    "an old version": GET.replace(b" HTTP/1.1", b"") + b"\r\n",
    "no version": b"GET /v1/models\r\n\r\n",
    "a path outside ASCII": GET.replace(b"/v1/models", b"/v1/\xff\xfe") + b"\r\n",
    "a NUL in the path": GET.replace(b"/v1/models", b"/v1/mo\x00dels") + b"\r\n",
    "a blank in the path": GET.replace(b"/v1/models", b"/v1/mo dels") + b"\r\n",
    "a path that climbs": GET.replace(b"/v1/models", b"/v1/../control/status/../../nothing")
    + b"\r\n",
    "an escaped path that climbs": GET.replace(b"/v1/models", b"/v1/%2e%2e/%2e%2e/etc/passwd")
    + b"\r\n",
    "a double slash": GET.replace(b"/v1/models", b"//v1/models") + b"\r\n",
    "a control character in a value": GET + b"X-A: a\x01b\r\n\r\n",
    "a NUL in a value": GET + b"X-A: a\x00b\r\n\r\n",
    "a bare CR in a value": GET + b"X-A: a\rb\r\n\r\n",
    "a folded line": GET + b"X-A: a\r\n b\r\n\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "a header without a name": GET + b": value\r\n\r\n",
    "a blank before the colon": GET + b"X-A : a\r\n\r\n",
    "a name outside ASCII": GET + b"X-\xc3\xa4: a\r\n\r\n",
    "a header of 100 kB": GET + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "a path of 100 kB": GET.replace(b"/v1/models", b"/" + b"a" * 100_000) + b"\r\n",
    "a thousand headers": GET + b"".join(b"X-%d: a\r\n" % i for i in range(1000)) + b"\r\n",
    "a hundred and fifty headers": GET + b"".join(b"X-%d: a\r\n" % i for i in range(150)) + b"\r\n",
    "an endless header": GET + b"X-A: " + b"a" * 40_000,
    "an upgrade to h2c": POST + CL + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + BODY,
    "an upgrade to a websocket": GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/2 from the start": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "nothing but zeros": b"\x00" * 512,
    "text": b"hello there\r\n\r\n",
    "two tokens": GET + b"Authorization: Bearer other\r\n\r\n",
    "a token as basic": GET.replace(b"Bearer TOKEN", b"Basic TOKEN") + b"\r\n",
    "a token outside ASCII": GET.replace(b"TOKEN", b"\xff\xfe") + b"\r\n",
    "a form": POST.replace(b"application/json", b"text/plain") + CL + b"\r\n" + BODY,
    "two content types": POST + CL + b"Content-Type: text/plain\r\n\r\n" + BODY,
    "a compressed body": POST + CL + b"Content-Encoding: gzip\r\n\r\n" + BODY,
    "a foreign origin": GET + b"Origin: http://evil.test\r\n\r\n",
    "the origin null": GET + b"Origin: null\r\n\r\n",
    "another server's origin": GET + b"Origin: http://localhost:3000\r\n\r\n",
    "a cross-site request": GET + b"Sec-Fetch-Site: cross-site\r\n\r\n",
    "a body that is no JSON": POST + b"Content-Length: 5\r\n\r\nhello",
    "an empty body": POST + b"Content-Length: 0\r\n\r\n",
    "a deep body": POST + b"Content-Length: 20000\r\n\r\n" + b"[" * 20_000,
    "bytes that are no UTF-8": POST + b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
}
# Odd but sound: answered once, and as what they are.
SOUND: dict[str, tuple[bytes, bytes]] = {
    "a plain request": (GET + b"\r\n", b"200"),
    "chunks": (POST + CHUNKED + b"\r\n" + CHUNKS, b"200"),
    "chunks with an extension and a trailer": (
        POST + CHUNKED + b"\r\n%x;a=b\r\n%s\r\n0\r\nX-T: 1\r\n\r\n" % (len(BODY), BODY),
        b"200",
    ),
    "blanks around a value": (GET + b"X-A:   a  \r\n\r\n", b"200"),
    "blanks around a token": (
        GET.replace(b"Bearer TOKEN", b"  Bearer TOKEN \t ") + b"\r\n",
        b"200",
    ),
    "a tab in a value": (GET + b"X-A: a\tb\r\n\r\n", b"200"),
    "empty lines before": (b"\r\n\r\n" + GET + b"\r\n", b"200"),
    "an escaped path": (GET.replace(b"models", b"%6dodels") + b"\r\n", b"200"),
    "headers of 12 kB": (GET + b"X-A: " + b"a" * 12_000 + b"\r\n\r\n", b"200"),
    "forwarding headers, which mean nothing": (
        GET + b"X-Forwarded-Host: evil.test\r\nX-Original-URL: /control/shutdown\r\n\r\n",
        b"200",
    ),
    "garbage behind a request": (GET + b"\r\n" + b"\x00\x01garbage\r\n\r\n", b"200"),
    "a broken request behind a sound one": (
        POST.replace(b"Connection: close\r\n", b"") + CL + b"\r\n" + BODY + b"GET / HTTP/9\r\n\r\n",
        b"200",
    ),
}


def _send(served: ServedHouse, data: bytes) -> bytes:
    """Send bytes, close our half, and return all that comes back."""
    host = b"127.0.0.1:%d" % served.port
    data = data.replace(b"HOST", host).replace(b"PORT", b"%d" % served.port)
    data = data.replace(b"TOKEN", TOKEN.encode())
    received = b""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            return received
    return received


@pytest.fixture(autouse=True)
def _still_alive(served: ServedHouse) -> Iterator[None]:
    yield
    assert _send(served, GET + b"\r\n").startswith(b"HTTP/1.1 200 ")


def test_there_are_at_least_sixty_cases() -> None:
    assert len(REFUSED) + len(SOUND) >= 60


@pytest.mark.parametrize("case", REFUSED)
def test_abuse_is_refused_once_and_reaches_no_engine(served: ServedHouse, case: str) -> None:
    before = len(served.engine.requests)
    received = _send(served, REFUSED[case])
    statuses = STATUS.findall(received)
    assert len(statuses) <= 1, received
    assert all(status.startswith(b"4") for status in statuses), received
    assert len(served.engine.requests) == before
    assert TOKEN.encode() not in received


@pytest.mark.parametrize("case", SOUND)
def test_what_is_odd_but_sound_is_answered_once(served: ServedHouse, case: str) -> None:
    data, status = SOUND[case]
    received = _send(served, data)
    assert STATUS.findall(received) == [status], received


def test_a_head_that_does_not_end_is_closed(
    served: ServedHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_http, "HEAD_S", 0.2)
    for beginning in (b"", b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-A: "):
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(beginning)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert STATUS.findall(received) == [b"408"]


# More than there may be connections; without a token, as any other user of the machine.
SLOW: dict[str, bytes] = {
    "nothing at all": b"",
    "half a head": b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-A: ",
    "half a body": b"POST /v1/chat/completions HTTP/1.1\r\nHost: HOST\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    "silence after an answer": b"GET /health HTTP/1.1\r\nHost: HOST\r\n\r\n",
}


@pytest.mark.parametrize("case", SLOW)
def test_slow_clients_do_not_keep_another_out(served: ServedHouse, case: str) -> None:
    sent = SLOW[case].replace(b"HOST", f"127.0.0.1:{served.port}".encode())
    with contextlib.ExitStack() as opened:
        usual = opened.enter_context(_connected(served))
        _ask(usual, served)
        for number in range(MAX_CONNECTIONS + 40):
            slow = opened.enter_context(_connected(served))
            slow.sendall(sent)
            if number % 50 == 0:
                # One who works all the while is not given up, and newcomers get in.
                assert _ask(usual, served).startswith(b"HTTP/1.1 200 ")
                assert _send(served, GET + b"\r\n").startswith(b"HTTP/1.1 200 ")
        assert _ask(usual, served).startswith(b"HTTP/1.1 200 ")
        assert _send(served, GET + b"\r\n").startswith(b"HTTP/1.1 200 ")


def _connected(served: ServedHouse) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=10)


def _ask(connection: socket.socket, served: ServedHouse) -> bytes:
    """Ask on a connection that stays open; return the answer."""
    head = GET.replace(b"Connection: close\r\n", b"").replace(b"TOKEN", TOKEN.encode())
    host = f"127.0.0.1:{served.port}".encode()
    connection.sendall(
        head.replace(b"HOST", host).replace(b"/v1/models", b"/api/version") + b"\r\n"
    )
    received = b""
    while not received.endswith(b"}") and (chunk := connection.recv(65536)):
        received += chunk
    return received

"""Every route, known or not, asks for Host, Origin, token and a bounded body before all else."""

import json
import socket

import httpx2
import pytest

from tests.fakes.daemon import Daemon

ROUTES = [
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/control/status"),
    ("GET", "/control/decisions/last"),
    ("POST", "/control/route"),
    ("POST", "/control/classify"),
    ("POST", "/control/refresh"),
    ("POST", "/control/reload"),
    ("POST", "/control/shutdown"),
    ("POST", "/mcp"),
    ("GET", "/nothing/here"),
]
BODY = b'{"messages":[{"role":"user","content":"hi"}]}'


def _send(daemon: Daemon, method: str, path: str, **headers: str) -> httpx2.Response:
    sent = {
        "host": f"127.0.0.1:{daemon.port}",
        "authorization": f"Bearer {daemon.token}",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    with httpx2.Client(trust_env=False, timeout=10) as http:
        content = BODY if method == "POST" else None
        return http.request(method, f"{daemon.url}{path}", headers=sent, content=content)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1", "localhost.evil.test:{port}", "127.0.0.1:{port}.evil.test"]
)
def test_a_foreign_host_is_refused_on_every_route(
    daemon: Daemon, method: str, path: str, host: str
) -> None:
    answer = _send(daemon, method, path, host=host.format(port=daemon.port))
    assert answer.status_code == 421
    assert answer.json()["error"]["src"] == "routerd"


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_other_origins_are_refused_on_every_route(
    daemon: Daemon, method: str, path: str, headers: dict[str, str]
) -> None:
    assert _send(daemon, method, path, **headers).status_code == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("given", ["", "Bearer wrong", "Basic {token}", "Bearer {token}x"])
def test_without_the_token_every_route_is_closed(
    daemon: Daemon, method: str, path: str, given: str
) -> None:
    answer = _send(daemon, method, path, authorization=given.format(token=daemon.token))
    assert answer.status_code == 401
    assert daemon.token not in answer.text


def test_a_token_in_the_address_counts_for_nothing(daemon: Daemon) -> None:
    path = f"/v1/models?token={daemon.token}&api_key={daemon.token}"
    assert _send(daemon, "GET", path, authorization="").status_code == 401


def test_the_token_may_come_as_x_api_key(daemon: Daemon) -> None:
    answer = _send(daemon, "GET", "/v1/models", authorization="", x_api_key=daemon.token)
    assert answer.status_code == 200


def test_health_needs_no_token_but_the_right_host(daemon: Daemon) -> None:
    assert _send(daemon, "GET", "/health", authorization="").status_code == 200
    assert _send(daemon, "GET", "/health", host="evil.test").status_code == 421


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_a_form_could_send_is_refused(daemon: Daemon, kind: str) -> None:
    answer = _send(daemon, "POST", "/v1/chat/completions", content_type=kind)
    assert answer.status_code == 415


def test_a_body_without_a_type_is_json_unless_a_browser_sends_it(daemon: Daemon) -> None:
    def head(*lines: str) -> bytes:
        told = _head(daemon, *lines, f"Content-Length: {len(BODY)}").decode()
        return told.replace("Content-Type: application/json\r\n", "").encode()

    own = f"http://127.0.0.1:{daemon.port}"
    assert _raw(daemon, head() + BODY).startswith(b"HTTP/1.1 200 ")
    for line in (f"Origin: {own}", "Sec-Fetch-Site: same-origin"):
        assert _raw(daemon, head(line) + BODY).startswith(b"HTTP/1.1 415 ")


def test_a_compressed_body_is_refused(daemon: Daemon) -> None:
    answer = _send(daemon, "POST", "/v1/chat/completions", content_encoding="gzip")
    assert answer.status_code == 415


def test_no_answer_allows_other_origins_to_read_it(daemon: Daemon) -> None:
    answer = _send(daemon, "GET", "/v1/models")
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def _raw(daemon: Daemon, data: bytes, *more: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as connection:
        connection.sendall(data)
        for piece in more:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionResetError:
            return received
        return received


def _head(daemon: Daemon, *lines: str) -> bytes:
    fixed = (
        "POST /v1/chat/completions HTTP/1.1",
        f"Host: 127.0.0.1:{daemon.port}",
        f"Authorization: Bearer {daemon.token}",
        "Content-Type: application/json",
        "Connection: close",
    )
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


def test_a_body_of_40_mb_is_refused_by_its_length_alone(daemon: Daemon) -> None:
    answer = _raw(daemon, _head(daemon, f"Content-Length: {40 << 20}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"max_body_mib" in answer


def test_a_body_of_40_mb_without_a_length_is_cut_off(daemon: Daemon) -> None:
    piece = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    answer = _raw(daemon, _head(daemon, "Transfer-Encoding: chunked"), *[piece] * 40, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert daemon.client.get("/health") == {"status": "ok"}


def test_two_hosts_are_refused(daemon: Daemon) -> None:
    answer = _raw(daemon, _head(daemon, "Host: evil.test", "Content-Length: 2") + b"{}")
    assert answer.split(b" ")[1].startswith(b"4")


def test_a_websocket_is_not_opened(daemon: Daemon) -> None:
    head = (
        f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert not connection.recv(65536).startswith(b"HTTP/1.1 101")


def test_an_error_never_says_more_than_it_must(daemon: Daemon) -> None:
    answer = _send(daemon, "GET", "/nothing/here")
    assert answer.status_code == 404
    assert json.loads(answer.text)["error"]["message"] == "Not Found."

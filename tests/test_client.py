"""The client against a server that behaves, and one that does not."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from routerd.client import DaemonClient, DaemonError, NotRunning

TOKEN = "rd-planted-token"  # noqa: S105  # planted
Behaviour = Callable[[BaseHTTPRequestHandler], None]


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, length: int = -1) -> None:
    handler.send_response(status)
    handler.send_header("content-length", str(len(body) if length < 0 else length))
    handler.end_headers()
    handler.wfile.write(body)


class Server:
    """A daemon by its endpoint file: `behave` maps a path to what happens there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.behave: dict[str, Behaviour] = {}
        self.seen: list[tuple[str, str, bytes, str | None]] = []
        self.released = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        (home / "run").mkdir()
        self.tell({"port": self.http.server_port, "pid": 1})
        (home / "token").write_text(TOKEN + "\n", encoding="ascii")

    def tell(self, endpoint: Any) -> None:
        (self.home / "run" / "endpoint.json").write_text(json.dumps(endpoint), encoding="utf-8")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                token = self.headers.get("authorization")
                server.seen.append((self.command, self.path, body, token))
                server.behave[self.path](self)

            def end_headers(self) -> None:
                self.send_header("connection", "close")
                super().end_headers()

            do_POST = do_GET  # noqa: N815  # the library's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path)
    thread = threading.Thread(target=found.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.released.set()
    found.http.shutdown()
    thread.join()
    found.http.server_close()


@pytest.fixture
def client(server: Server) -> DaemonClient:
    return DaemonClient(server.home, timeout_s=5)


def stream(*parts: bytes) -> Behaviour:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write(b"".join(parts))

    return send


def test_get_and_post_send_the_token_and_return_json(server: Server, client: DaemonClient) -> None:
    server.behave["/x"] = lambda handler: answer(handler, 200, b'{"a": [1]}')
    assert client.get("/x") == {"a": [1]}
    assert client.post("/x", {"text": "grün"}) == {"a": [1]}
    assert client.post("/x") == {"a": [1]}
    bearer = f"Bearer {TOKEN}"
    assert server.seen == [
        ("GET", "/x", b"", bearer),
        ("POST", "/x", json.dumps({"text": "grün"}).encode(), bearer),
        ("POST", "/x", b"{}", bearer),
    ]


def test_without_a_home_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="start it with `routerd up`"):
        DaemonClient(tmp_path / "nowhere").get("/x")


@pytest.mark.parametrize(
    "endpoint", [{}, [], 5, None, {"port": "x"}, {"port": None}, {"port": 99999}]
)
def test_a_broken_endpoint_file_means_that_nothing_runs(
    server: Server, client: DaemonClient, endpoint: Any
) -> None:
    server.tell(endpoint)
    with pytest.raises(NotRunning):
        client.get("/x")


def test_a_token_that_is_no_token_means_that_nothing_runs(
    server: Server, client: DaemonClient
) -> None:
    (server.home / "token").write_bytes(b"\xff")
    with pytest.raises(NotRunning):
        client.get("/x")


def test_what_a_dead_daemon_left_means_that_nothing_runs(
    server: Server, client: DaemonClient
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        server.tell({"port": gone.server_port})
    with pytest.raises(NotRunning) as failed:
        client.get("/x")
    assert TOKEN not in str(failed.value)


def test_a_connection_closed_without_a_word_means_that_nothing_runs(
    server: Server, client: DaemonClient
) -> None:
    def close(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    server.behave["/x"] = close
    with pytest.raises(NotRunning):
        client.get("/x")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "no such thing"}}', "no such thing"),
        (b'{"error": "odd"}', "an error that is not JSON"),
        (b"[]", "an error that is not JSON"),
        (b"<html>", "an error that is not JSON"),
        (b"", "an error that is not JSON"),
    ],
)
def test_an_error_is_told_in_the_daemons_words(
    server: Server, client: DaemonClient, body: bytes, words: str
) -> None:
    server.behave["/x"] = lambda handler: answer(handler, 404, body)
    with pytest.raises(DaemonError, match=words) as failed:
        client.get("/x")
    assert failed.value.status == 404


def test_an_answer_that_is_not_json_is_another_programs(
    server: Server, client: DaemonClient
) -> None:
    server.behave["/x"] = lambda handler: answer(handler, 200, b"<html>")
    with pytest.raises(DaemonError, match="does another program listen") as failed:
        client.get("/x")
    assert failed.value.status == 502


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_cut_short_is_told(server: Server, client: DaemonClient, status: int) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, status, b'{"a"', length=100)

    server.behave["/x"] = cut
    with pytest.raises(DaemonError, match="broke off before its end"):
        client.get("/x")


def test_a_daemon_that_says_nothing_is_given_up(server: Server) -> None:
    server.behave["/x"] = lambda _: server.released.wait() and None
    with pytest.raises(DaemonError, match="did not answer in time") as failed:
        DaemonClient(server.home, timeout_s=0.05).get("/x")
    assert failed.value.status == 504


def test_a_daemon_that_stops_in_its_answer_is_given_up(server: Server) -> None:
    def stall(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, 200, b'{"a"', length=100)
        server.released.wait()

    server.behave["/x"] = stall
    with pytest.raises(DaemonError, match="did not answer in time"):
        DaemonClient(server.home, timeout_s=0.2).get("/x")


def test_events_are_read_until_done(server: Server, client: DaemonClient) -> None:
    server.behave["/s"] = stream(
        b": loading\n\n",
        b'data: {"n": 1}\n\n',
        b'data: {"n": 2}\n\n',
        b"data: [DONE]\n\n",
        b"data: x",
    )
    found = list(client.events("/s", {"stream": True}))
    assert [event for _, event in found] == [{"n": 1}, {"n": 2}]
    assert found[0][0].headers["content-type"] == "text/event-stream"


def test_a_stream_without_its_end_has_broken_off(server: Server, client: DaemonClient) -> None:
    server.behave["/s"] = stream(b'data: {"n": 1}\n\n')
    events = client.events("/s", {})
    assert next(events)[1] == {"n": 1}
    with pytest.raises(DaemonError, match="broke off before its end") as failed:
        next(events)
    assert failed.value.status == 502


def test_a_stream_cut_in_a_chunk_has_broken_off(server: Server, client: DaemonClient) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b'10\r\ndata: {"n": 1}\n\n\r\n40\r\ndata: {"n"')

    server.behave["/s"] = cut
    events = client.events("/s", {})
    assert next(events)[1] == {"n": 1}
    with pytest.raises(DaemonError, match="broke off before its end"):
        next(events)


def test_a_stream_that_was_refused_is_an_error(server: Server, client: DaemonClient) -> None:
    body = b'{"error": {"message": "policy says no"}}'
    server.behave["/s"] = lambda handler: answer(handler, 403, body)
    with pytest.raises(DaemonError, match="policy says no") as failed:
        next(client.events("/s", {}))
    assert failed.value.status == 403


def test_a_stream_left_early_is_closed(server: Server, client: DaemonClient) -> None:
    server.behave["/s"] = stream(b'data: {"n": 1}\n\n', b"data: [DONE]\n\n")
    events = client.events("/s", {})
    response, _ = next(events)
    events.close()
    assert response.isclosed()

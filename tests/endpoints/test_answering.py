"""One answer over the wire: headers, cancelling, errors before and after the first byte."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import httpx2
import pytest

from routerd.core.errors import ProviderFailed
from routerd.core.response import Finish, Native, Progress, TextDelta, ToolCallDelta, Usage
from tests.fakes.scripted_house import TOKEN, ServedHouse

BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}]},
    "/v1/responses": {"input": "hi"},
    "/v1/completions": {"prompt": "hi"},
    "/v1/messages": {"messages": [{"role": "user", "content": "hi"}]},
    "/api/chat": {"messages": [{"role": "user", "content": "hi"}]},
    "/api/generate": {"prompt": "hi"},
}
PATHS = sorted(BODIES)


@pytest.fixture(scope="module")
def http(served: ServedHouse) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx2.Client(base_url=served.url, headers=headers, trust_env=False) as opened:
        yield opened


def _ask(http: httpx2.Client, path: str, *, stream: bool) -> httpx2.Response:
    return http.post(path, json={"model": "auto", **BODIES[path], "stream": stream})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_headers_tell_who_answers_and_why(
    http: httpx2.Client, served: ServedHouse, path: str, stream: bool
) -> None:
    answer = _ask(http, path, stream=stream)
    made, outcome, _ = served.house.memory.remembered[-1]
    assert answer.status_code == 200
    assert answer.headers["x-routerd-model"] == "fake/coder"
    assert answer.headers["x-routerd-decision"] == made.id
    assert answer.headers["x-routerd-reason"]
    assert outcome.finish == "stop"
    kind = answer.headers["content-type"]
    lines = "application/x-ndjson" if path.startswith("/api/") else "text/event-stream"
    assert kind == (lines if stream else "application/json")
    assert ("content-length" in answer.headers) is not stream


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_before_the_first_byte_is_a_status(
    http: httpx2.Client, served: ServedHouse, path: str, stream: bool
) -> None:
    served.engine.script = lambda _: (ProviderFailed("it is not there", "refused"),)
    answer = _ask(http, path, stream=stream)
    assert answer.status_code == 502
    assert "it is not there" in answer.text
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text)


@pytest.mark.parametrize("path", PATHS)
def test_a_failure_after_the_first_byte_is_an_event_without_an_end(
    http: httpx2.Client, served: ServedHouse, path: str
) -> None:
    served.engine.script = lambda _: (TextDelta("half"), ProviderFailed("it went away", "died"))
    answer = _ask(http, path, stream=True)
    assert answer.status_code == 200
    assert "half" in answer.text
    assert "it went away" in answer.text
    for ending in ("[DONE]", "message_stop", "response.completed", '"done":true'):
        assert ending not in answer.text
    assert served.house.memory.remembered[-1][1].finish == "failed"


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_leaves_cancels_the_engine(served: ServedHouse, path: str) -> None:
    served.engine.cancelled.clear()
    served.engine.script = lambda _: (TextDelta("half"), anyio.Event())
    body = json.dumps({"model": "auto", **BODIES[path], "stream": True}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nAuthorization: Bearer {TOKEN}"
        f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        received = b""
        while b"half" not in received:
            received += connection.recv(65536)
    # Leaving reaches the engine within a second.
    assert served.engine.cancelled.wait(1)


@pytest.mark.parametrize("path", PATHS)
def test_progress_comes_before_the_first_word(
    http: httpx2.Client, served: ServedHouse, path: str
) -> None:
    served.engine.script = lambda _: (
        Progress("loading coder"),
        TextDelta("Hi"),
        Finish("stop", Usage(1, 1)),
    )
    text = _ask(http, path, stream=True).text
    if path.startswith("/api/"):
        assert json.loads(text.splitlines()[0])["done"] is False
    else:
        assert text.startswith(": loading coder\n")
    assert "Hi" in text


def test_a_native_answer_passes_through_its_own_door(
    http: httpx2.Client, served: ServedHouse
) -> None:
    event = b'{"id":"up","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"x":1.50}]}'
    served.engine.script = lambda _: (
        Native(event),
        TextDelta("Hi"),
        Finish("stop", Usage(1, 1)),
    )
    received = _ask(http, "/v1/chat/completions", stream=True).content
    told = event.replace(b'"m"', b'"fake/coder"')
    assert received == b"data: " + told + b"\n\ndata: [DONE]\n\n"


def test_arguments_that_break_after_the_first_byte_are_an_event(
    http: httpx2.Client, served: ServedHouse
) -> None:
    served.engine.script = lambda _: (
        TextDelta("calling"),
        ToolCallDelta(0, "c", "f", "{"),
        Finish("tool_calls", Usage(1, 1)),
    )
    text = _ask(http, "/v1/messages", stream=True).text
    assert "no JSON object" in text
    assert "message_stop" not in text


@pytest.mark.parametrize(
    ("headers", "session"),
    [
        ({"x-claude-code-session-id": "c"}, "c"),
        ({"x-routerd-session": "r", "x-claude-code-session-id": "c"}, "r"),
        ({"session_id": "codex"}, "codex"),
        ({"x-session-id": "s" * 900}, "s" * 200),
    ],
)
def test_a_session_is_named_by_a_header(
    http: httpx2.Client, served: ServedHouse, headers: dict[str, str], session: str
) -> None:
    http.post("/v1/chat/completions", json=BODIES["/v1/chat/completions"], headers=headers)
    assert served.last.session_key == session


def test_a_session_is_else_known_by_how_it_began(http: httpx2.Client, served: ServedHouse) -> None:
    def key(*turns: str, **headers: str) -> str:
        roles = ("user", "assistant")
        messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
        http.post("/v1/chat/completions", json={"messages": messages}, headers=headers)
        return served.last.session_key

    first = key("fix the parser")
    assert first.startswith("content-")
    assert key("fix the parser", "done", "thanks") == first
    assert key("fix the lexer") != first
    assert key("fix the parser", **{"x-routerd-client": "other"}) != first
    assert "fix" not in first

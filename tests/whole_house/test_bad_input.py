"""Bad requests and bad backends: a clear error in the caller's words, and the daemon goes on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.fakes.daemon import QUIET, Daemon
from tests.fakes.openai_server import FakeOpenAI

BAD_BODIES: list[tuple[bytes, str]] = [
    (b"", "not valid JSON"),
    (b"{", "not valid JSON"),
    (b"\xff\xfe", "not valid JSON"),
    (b"[]", "must be a JSON object"),
    (b"{}", "'messages'"),
    (b'{"messages":[]}', "'messages'"),
    (b'{"messages":"hi"}', "'messages'"),
    (b'{"messages":[1]}', "'messages[0]'"),
    (b'{"messages":[{"role":"wizard","content":"x"}]}', "'messages[0].role'"),
    (b'{"messages":[{"role":"user","content":7}]}', "'messages[0].content'"),
    (b'{"messages":[{"role":"user"}]}', "'messages[0].content'"),
    (b'{"messages":[{"role":"user","content":"x"}],"stream":"yes"}', "'stream'"),
    (b'{"messages":[{"role":"user","content":"x"}],"max_tokens":"9"}', "'max_tokens'"),
    (b'{"messages":[{"role":"user","content":"x"}],"temperature":9}', "'temperature'"),
    (b'{"messages":[{"role":"user","content":"x"}],"temperature":NaN}', "not valid JSON"),
    (b'{"messages":[{"role":"user","content":"x"}],"n":2}', "'n'"),
    (b'{"model":["a"],"messages":[{"role":"user","content":"x"}]}', "'model'"),
    (b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    (b'{"seed":' + b"9" * 5000 + b',"messages":[{"role":"user","content":"x"}]}', "not valid"),
]


@pytest.mark.parametrize(("body", "words"), BAD_BODIES)
def test_a_body_that_makes_no_sense_is_a_400_that_names_the_fault(
    daemon: Daemon, body: bytes, words: str
) -> None:
    headers = {"content-type": "application/json"}
    with daemon.http() as http:
        answer = http.post("/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]["message"]
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_request_too_long_for_the_model_is_refused_not_cut(daemon: Daemon) -> None:
    body = {"messages": [{"role": "user", "content": "word " * 60_000}]}
    with daemon.http() as http:
        answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 503
    assert "tokens of context" in answer.json()["error"]["message"]


def test_tools_are_refused_where_no_model_can_call_them(daemon: Daemon) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    body = {"messages": [{"role": "user", "content": "hi"}], "tools": [tool]}
    with daemon.http() as http:
        answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 503
    assert "tool calls" in answer.json()["error"]["message"]


def test_an_unknown_model_is_a_404_when_names_are_strict(tmp_path: Path) -> None:
    with Daemon(tmp_path / "home", "strict_models = true\n" + QUIET) as daemon:
        body = {"model": "gpt-9", "messages": [{"role": "user", "content": "hi"}]}
        with daemon.http() as http:
            answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert "gpt-9" in answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def behind(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose only engine is the faulty upstream, with short limits."""
    config = (
        "port = 0\ndiscover = false\n[llamacpp]\nenabled = false\n"
        "[timeouts]\nfirst_token_s = 1.0\nwhole_answer_s = 1.0\nidle_s = 1.0\n"
        f'[[provider]]\nname = "up"\nkind = "openai_compatible"\nbase_url = "{upstream.url}/v1"\n'
    )
    with Daemon(tmp_path_factory.mktemp("behind"), config) as running:
        yield running


def _ask(daemon: Daemon, model: str, *, stream: bool) -> tuple[str, str | None]:
    """Return (text, finish reason) as OpenAI's client sees them; raises what it raises."""
    with openai.OpenAI(
        base_url=f"{daemon.url}/v1", api_key=daemon.token, max_retries=0, timeout=20
    ) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        if not stream:
            answer = client.chat.completions.create(model=model, messages=messages)
            return answer.choices[0].message.content or "", answer.choices[0].finish_reason
        text, finish = "", None
        for event in client.chat.completions.create(model=model, messages=messages, stream=True):
            for choice in event.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
        return text, finish


@pytest.mark.parametrize("stream", [True, False])
def test_every_fault_of_a_backend_is_told_and_never_passes_for_an_answer(
    behind: Daemon, upstream: FakeOpenAI, stream: bool
) -> None:
    for fault in upstream.FAULTS:
        behind.client.post("/control/refresh")
        with pytest.raises(openai.APIError) as caught:
            _ask(behind, f"up/{fault}", stream=stream)
        assert "not JSON" not in str(caught.value), fault
        told = behind.client.get("/control/decisions/last")
        assert told["outcome"]["finish"] == "failed", fault
        # One that said how long to wait is left alone that long: nobody is asked at all.
        resting = {out["model"] for out in told["exclusions"] if out["rule"] == "circuit"}
        attempts = told["outcome"]["attempts"]
        assert f"up/{fault}" in resting or attempts[-1]["failure"], fault
    assert behind.client.get("/health") == {"status": "ok"}


@pytest.mark.parametrize("stream", [True, False])
def test_a_good_backend_is_passed_on_whole(behind: Daemon, stream: bool) -> None:
    text, finish = _ask(behind, "up/good", stream=stream)
    assert text
    assert finish == "stop"


def test_the_error_of_a_broken_stream_is_an_event_without_a_terminal_one(behind: Daemon) -> None:
    body = {
        "model": "up/fin-mid-chunk",
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }
    with behind.http() as http:
        answer = http.post("/v1/chat/completions", json=body)
    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert "[DONE]" not in events
    assert json.loads(events[-1])["error"]["src"] == "routerd"
    assert all('"finish_reason":"' not in event for event in events)

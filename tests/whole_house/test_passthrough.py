"""A client and a backend of one dialect: every byte of the answer and the request but the model."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.daemon import Daemon
from tests.fakes.openai_chunks import DONE, Script, events, whole
from tests.fakes.openai_server import FakeOpenAI

RAW = (
    b'{ "messages":[{"role":"user","content":"hi \\u00e4","name":"x"}],"temperature":1.0e-1,'
    b'"logit_bias":{"50256":-100}, "future":{"model":"inner"},"model" : "up/good"%s }'
)


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    models = {"good": Script(), "tools": Script(tool_calls=(("f", '{"a": 1}'),))}
    with FakeOpenAI(models) as server:
        yield server


@pytest.fixture(scope="module")
def behind(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    config = (
        "port = 0\ndiscover = false\n[llamacpp]\nenabled = false\n"
        f'[[provider]]\nname = "up"\nkind = "openai_compatible"\nbase_url = "{upstream.url}/v1"\n'
    )
    home: Path = tmp_path_factory.mktemp("behind")
    with Daemon(home, config) as running:
        running.client.post("/control/refresh")
        yield running


def _post(daemon: Daemon, body: bytes) -> bytes:
    headers = {"content-type": "application/json"}
    with daemon.http() as http:
        answer = http.post("/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("model", ["good", "tools"])
def test_a_streamed_answer_is_the_backends_bytes(
    behind: Daemon, upstream: FakeOpenAI, model: str
) -> None:
    usage = b',"stream":true,"stream_options":{"include_usage":true}'
    raw = (RAW % usage).replace(b"up/good", b"up/" + model.encode())
    received = _post(behind, raw)
    asked = {"model": model, "stream_options": {"include_usage": True}}
    sent = b"".join([*events(upstream.models[model], asked), DONE])
    own = f'"model": "{model}"'.encode()
    assert received == sent.replace(own, f'"model": "up/{model}"'.encode())
    assert upstream.calls[-1].body == raw.replace(b"up/" + model.encode(), model.encode())


def test_usage_that_was_not_asked_for_is_asked_for_and_kept_back(
    behind: Daemon, upstream: FakeOpenAI
) -> None:
    raw = RAW % b',"stream":true'
    received = _post(behind, raw)
    sent = b"".join([*events(Script(), {"model": "good"}), DONE])
    assert received == sent.replace(b'"model": "good"', b'"model": "up/good"')
    added = b'{"stream_options":{"include_usage":true},'
    assert upstream.calls[-1].body == added + raw[1:].replace(b"up/good", b"good")
    outcome = behind.client.get("/control/decisions/last")["outcome"]
    assert outcome["usage"]["input_tokens"] == Script().prompt_tokens


def test_a_whole_answer_is_the_backends_bytes(behind: Daemon, upstream: FakeOpenAI) -> None:
    received = _post(behind, RAW % b"")
    sent = json.dumps(whole(Script(), {"model": "good"})).encode()
    assert received == sent.replace(b'"model": "good"', b'"model": "up/good"')
    assert upstream.calls[-1].body == (RAW % b"").replace(b"up/good", b"good")


def test_another_dialect_is_translated_over_the_same_backend(
    behind: Daemon, upstream: FakeOpenAI
) -> None:
    body = {"model": "up/tools", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with behind.http() as http:
        answer = http.post("/v1/messages", json=body).json()
    (block,) = answer["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "f", {"a": 1})
    assert (answer["stop_reason"], answer["model"]) == ("tool_use", "up/tools")
    sent = json.loads(upstream.calls[-1].body)
    assert sent["messages"] == [{"role": "user", "content": "hi"}]

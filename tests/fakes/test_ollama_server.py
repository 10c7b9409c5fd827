"""The official SDK and plain HTTP judge whether the fake speaks as Ollama does."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import ollama
import pytest

from tests.fakes.ollama_model import FakeModel, tokens, truncated
from tests.fakes.ollama_server import FakeOllama

CODER = FakeModel()
THINKER = FakeModel(
    name="qwen3:8b", capabilities=("completion", "tools", "thinking"), thinking="Let me see. "
)
CALLER = FakeModel(
    name="caller:7b", tool_calls=(("get_weather", {"city": "Paris"}), ("get_time", {}))
)
SEER = FakeModel(name="llava:7b", capabilities=("completion", "vision"))
EMBEDDER = FakeModel(name="all-minilm:latest", family="bert", capabilities=("embedding",))
REMOTE = FakeModel(name="gpt-oss:120b-cloud", remote_model="gpt-oss:120b")
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
ASK = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server() -> Iterator[FakeOllama]:
    with FakeOllama(CODER, THINKER, CALLER, SEER, EMBEDDER, REMOTE) as running:
        yield running


@pytest.fixture
def client(server: FakeOllama) -> Iterator[ollama.Client]:
    with ollama.Client(host=server.url, trust_env=False) as sdk:
        yield sdk


@pytest.fixture
def http(server: FakeOllama) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False) as plain:
        yield plain


def test_the_sdk_lists_shows_and_sees_what_is_loaded(client: ollama.Client) -> None:
    listed = client.list().models
    assert [model.model for model in listed][:2] == [CODER.name, THINKER.name]
    assert listed[0].details is not None
    assert listed[0].details.parameter_size == "7.6B"
    shown = client.show(CODER.name)
    assert shown.capabilities == ["completion", "tools", "insert"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["qwen2.context_length"] == 32768
    assert client.ps().models == []
    client.chat(CODER.name, messages=ASK, options={"num_ctx": 8192})
    (running,) = client.ps().models
    assert (running.model, running.context_length) == (CODER.name, 8192)
    assert running.expires_at is not None


def test_a_stream_says_the_same_as_a_whole_answer(client: ollama.Client) -> None:
    whole = client.chat(CODER.name, messages=ASK)
    parts = list(client.chat(CODER.name, messages=ASK, stream=True))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert whole.message.content == CODER.reply
    last = parts[-1]
    assert (last.done, last.done_reason) == (True, "stop")
    assert last.eval_count == whole.eval_count == len(tokens(CODER.reply))
    assert last.prompt_eval_count == whole.prompt_eval_count == 5
    assert last.total_duration
    assert last.load_duration
    assert [part.done for part in parts[:-1]] == [False] * len(tokens(CODER.reply))


def test_thinking_comes_before_the_answer_unless_it_is_switched_off(client: ollama.Client) -> None:
    answer = client.chat(THINKER.name, messages=ASK)
    assert answer.message.thinking == THINKER.thinking
    assert answer.message.content == THINKER.reply
    assert client.chat(THINKER.name, messages=ASK, think=False).message.thinking is None
    with pytest.raises(ollama.ResponseError, match="does not support thinking"):
        client.chat(CODER.name, messages=ASK, think=True)


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_are_objects_and_stop_after_a_result(
    client: ollama.Client, stream: bool
) -> None:
    answer = client.chat(CALLER.name, messages=ASK, tools=[TOOL], stream=stream)
    parts = list(answer) if stream else [answer]
    calls = [call for part in parts for call in part.message.tool_calls or ()]
    assert [(call.function.name, dict(call.function.arguments)) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {}),
    ]
    assert parts[-1].done_reason == "stop"
    results = [*ASK, {"role": "tool", "content": "sunny", "tool_name": "get_weather"}]
    assert client.chat(CALLER.name, messages=results, tools=[TOOL]).message.content


def test_a_model_without_tools_refuses_them_as_the_real_server_does(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="does not support tools") as caught:
        client.chat(SEER.name, messages=ASK, tools=[TOOL])
    assert caught.value.status_code == 400


def test_unknown_models_are_404(client: ollama.Client) -> None:
    for ask in (client.show, lambda name: client.chat(name, messages=ASK), client.generate):
        with pytest.raises(ollama.ResponseError, match="model 'nope' not found") as caught:
            ask("nope")
        assert caught.value.status_code == 404


def test_formats_give_json_that_fits(client: ollama.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}, "tags": {"type": "array"}},
    }
    shaped = client.chat(CODER.name, messages=ASK, format=schema).message.content
    assert json.loads(shaped or "") == {"age": 22, "tags": ["text"]}
    loose = client.chat(CODER.name, messages=ASK, format="json").message.content
    assert json.loads(loose or "") == {"answer": CODER.reply}


def test_a_bound_and_a_stop_word_cut_the_answer(client: ollama.Client) -> None:
    cut = client.chat(CODER.name, messages=ASK, options={"num_predict": 2})
    assert (cut.message.content, cut.done_reason, cut.eval_count) == ("Hello there,", "length", 2)
    stopped = client.chat(CODER.name, messages=ASK, options={"stop": [" this"]})
    assert (stopped.message.content, stopped.done_reason) == ("Hello there,", "stop")


def test_generate_completes_fills_in_and_gives_a_context(client: ollama.Client) -> None:
    whole = client.generate(CODER.name, prompt="hello")
    assert whole.response == CODER.reply
    assert whole.context
    parts = list(client.generate(CODER.name, prompt="hello", stream=True))
    assert "".join(part.response or "" for part in parts) == whole.response
    filled = client.generate(CODER.name, prompt="def add(a, b):", suffix="\n")
    assert filled.response == CODER.middle
    with pytest.raises(ollama.ResponseError, match="does not support insert"):
        client.generate(SEER.name, prompt="def", suffix="x")


def test_images_go_to_models_that_see_and_cost_tokens(client: ollama.Client) -> None:
    image = [{"role": "user", "content": "what is it", "images": [b"\x89PNG"]}]
    answer = client.chat(SEER.name, messages=image)
    assert answer.prompt_eval_count == 775
    with pytest.raises(ollama.ResponseError, match="missing data required for image"):
        client.chat(CODER.name, messages=image)


def test_an_empty_request_loads_and_keep_alive_0_unloads(
    client: ollama.Client, server: FakeOllama
) -> None:
    assert client.chat(CODER.name, messages=[]).done_reason == "load"
    assert list(server.loaded) == [CODER.name]
    assert client.generate(CODER.name, keep_alive=0).done_reason == "unload"
    assert client.ps().models == []
    client.chat(CODER.name, messages=ASK, keep_alive="0s")
    assert client.ps().models == []


def test_another_window_is_another_load_and_never_larger_than_trained(
    client: ollama.Client, server: FakeOllama
) -> None:
    for window in (None, 8192, 8192, 999_999):
        client.chat(CODER.name, messages=ASK, options={"num_ctx": window} if window else None)
    assert server.loads == [(CODER.name, 4096), (CODER.name, 8192), (CODER.name, 32768)]


def test_what_does_not_fit_is_dropped_without_a_word(
    client: ollama.Client, server: FakeOllama
) -> None:
    system, last = {"role": "system", "content": "be brief"}, ASK[0]
    long = [system, {"role": "user", "content": "word " * 5000}, last]
    answer = client.chat(CODER.name, messages=long)
    assert answer.prompt_eval_count == 6 + 5
    assert [message["content"] for message in server.prompts[-1]] == ["be brief", "hello"]
    huge = client.chat(CODER.name, messages=[{"role": "user", "content": "word " * 5000}])
    assert huge.prompt_eval_count == 4096


def test_truncation_of_nothing_is_nothing() -> None:
    assert truncated([], 10) == ([], 0)


def test_embeddings_are_unit_vectors_one_a_text(client: ollama.Client) -> None:
    answer = client.embed(EMBEDDER.name, input=["a", "b"])
    assert len(answer.embeddings) == 2
    assert sum(value * value for value in answer.embeddings[0]) == pytest.approx(1.0)
    assert answer.embeddings[0] != answer.embeddings[1]
    assert client.embed(EMBEDDER.name, input=[]).embeddings == []
    with pytest.raises(ollama.ResponseError, match="does not support chat"):
        client.chat(EMBEDDER.name, messages=ASK)


def test_a_model_on_ollamas_own_servers_is_a_stub(http: httpx2.Client) -> None:
    stub = http.get("/api/tags").json()["models"][-1]
    assert stub["remote_host"] == "https://ollama.com:443"
    assert stub["size"] == 384
    assert stub["details"]["format"] == ""


def test_the_plain_routes_answer_as_the_real_server_does(http: httpx2.Client) -> None:
    assert http.get("/").text == "Ollama is running"
    assert http.head("/").status_code == 200
    assert set(http.get("/api/version").json()) == {"version"}
    assert http.get("/api/nothing").status_code == 404
    assert http.get("/api/chat").status_code == 405
    assert http.post("/api/chat").json() == {"error": "missing request body"}
    assert http.post("/api/chat", content=b"{").status_code == 400
    answer = http.post("/api/chat", json={"model": CODER.name, "messages": ASK})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["transfer-encoding"] == "chunked"
    whole = http.post("/api/chat", json={"model": CODER.name, "messages": ASK, "stream": False})
    assert whole.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("status-500", ollama.ResponseError),
        ("status-503", ollama.ResponseError),
        ("error-line", ollama.ResponseError),
        ("not-json", ValueError),
        ("cut", Exception),
        ("reset", Exception),
    ],
)
def test_faults_reach_the_sdk_as_errors(fault: Any, error: type[Exception]) -> None:
    with (
        FakeOllama(FakeModel(fault=fault)) as server,
        ollama.Client(host=server.url, trust_env=False) as client,
        pytest.raises(error),
    ):
        list(client.chat(CODER.name, messages=ASK, stream=True))


def test_the_sdk_takes_an_end_without_done_for_the_end() -> None:
    """Why a provider has to look for `done` itself."""
    with (
        FakeOllama(FakeModel(fault="no-done")) as server,
        ollama.Client(host=server.url, trust_env=False) as client,
    ):
        parts = list(client.chat(CODER.name, messages=ASK, stream=True))
    assert [part.done for part in parts] == [False, False]


def test_a_client_that_leaves_is_noticed(server: FakeOllama) -> None:
    server.models["slow:1b"] = FakeModel(name="slow:1b", fault="hang")
    with ollama.Client(host=server.url, trust_env=False) as client:
        parts = client.chat("slow:1b", messages=ASK, stream=True)
        next(iter(parts))
        parts.close()  # type: ignore[attr-defined]  # it is a generator
    assert server.disconnected.wait(1.0)
    assert server.calls_to("/api/chat")[0].data["model"] == "slow:1b"

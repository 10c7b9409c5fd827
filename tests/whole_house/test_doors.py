"""Every door of the real daemon over real llama.cpp: text, counts and the model's true name."""

import pytest

from tests.dialects.readings import CLIENTS
from tests.fakes.daemon import Daemon

PATHS = {
    "openai": ("/v1/chat/completions", {"stream_options": {"include_usage": True}}),
    "openai_responses": ("/v1/responses", {}),
    "openai_completions": ("/v1/completions", {"stream_options": {"include_usage": True}}),
    "anthropic": ("/v1/messages", {"max_tokens": 60}),
    "ollama": ("/api/chat", {}),
    "ollama_generate": ("/api/generate", {}),
}
TURNS = [{"role": "user", "content": "hello"}]


def _body(name: str, *, stream: bool) -> dict[str, object]:
    _, more = PATHS[name]
    asked: dict[str, object] = {"messages": TURNS}
    if name == "openai_responses":
        asked = {"input": "hello"}
    elif name in ("openai_completions", "ollama_generate"):
        asked = {"prompt": "hello"}
    told = {key: value for key, value in more.items() if stream or key != "stream_options"}
    return {"model": "auto", "stream": stream, **asked, **told}


@pytest.mark.parametrize("name", PATHS)
def test_streamed_and_whole_answers_of_a_real_engine_say_the_same(
    daemon: Daemon, name: str
) -> None:
    client = CLIENTS[name]
    with daemon.http() as http:
        whole = http.post(PATHS[name][0], json=_body(name, stream=False))
        streamed = http.post(PATHS[name][0], json=_body(name, stream=True))
    first, second = client.whole(whole.content), client.stream(streamed.content)
    assert "plumbing check" in first.text
    assert (first.text, first.stop) == (second.text, second.stop)
    assert first.model == second.model == "llamacpp/plumbing-check"
    assert first.usage[1] == second.usage[1] > 0
    assert streamed.headers["x-routerd-model"] == first.model


def test_what_no_model_can_do_is_refused_in_the_callers_dialect(daemon: Daemon) -> None:
    with daemon.http() as http:
        gap = http.post("/v1/completions", json={"prompt": "a", "suffix": "b"})
        tools = http.post(
            "/v1/messages",
            json={"messages": TURNS, "tools": [{"name": "f", "input_schema": {"type": "object"}}]},
        )
        vectors = http.post("/api/embed", json={"input": "a"})
    assert gap.status_code == tools.status_code == vectors.status_code == 503
    assert "fill in the middle" in gap.json()["error"]["message"]
    assert tools.json()["error"]["type"] == "overloaded_error"
    assert "No embedding model" in vectors.json()["error"]

"""The official SDK judges whether the healthy side of the fake speaks as OpenAI does."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.fakes.http_server import closed_port_url
from tests.fakes.openai_chunks import Script
from tests.fakes.openai_server import FakeOpenAI

CALLING = Script(tool_calls=(("get_weather", '{"city": "Paris"}'), ("get_time", "{}")))
ASK: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    models = {"good": Script(), "caller": CALLING, "thinker": Script(thinking="Hm.")}
    with FakeOpenAI(models, key="sk-right") as running:
        yield running


@pytest.fixture
def client(server: FakeOpenAI) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{server.url}/v1", api_key="sk-right", max_retries=0, timeout=5
    ) as sdk:
        yield sdk


def _streamed(client: openai.OpenAI, model: str, **more: Any) -> list[Any]:
    return list(client.chat.completions.create(model=model, messages=ASK, stream=True, **more))


def test_the_sdk_lists_the_models(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[:3] == ["good", "caller", "thinker"]
    assert set(FakeOpenAI.FAULTS) < set(names)


def test_a_stream_says_the_same_as_a_whole_answer(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="good", messages=ASK)
    parts = _streamed(client, "good", stream_options={"include_usage": True})
    text = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    assert text == whole.choices[0].message.content == Script().text
    assert parts[-2].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert parts[-1].usage == whole.usage
    assert parts[-1].choices == []
    assert all(part.usage is None for part in _streamed(client, "good"))


def test_the_sdks_own_stream_helper_puts_tool_calls_together(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="caller", messages=ASK) as stream:
        message = stream.get_final_completion().choices[0].message
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    assert calls == list(CALLING.tool_calls)
    whole = client.chat.completions.create(model="caller", messages=ASK)
    assert whole.choices[0].finish_reason == "tool_calls"
    assert [call.id for call in whole.choices[0].message.tool_calls or ()] == ["call_0", "call_1"]


@pytest.mark.parametrize("model", sorted(FakeOpenAI.ODDITIES))
def test_oddities_are_complete_answers(client: openai.OpenAI, model: str) -> None:
    parts = [part.choices[0] for part in _streamed(client, model) if part.choices]
    assert "".join(part.delta.content or "" for part in parts) == Script().text
    assert parts[-1].finish_reason == "stop"


def test_a_wrong_key_and_an_unknown_model_are_refused(server: FakeOpenAI) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
        with pytest.raises(openai.NotFoundError):
            client.with_options(api_key="sk-right").chat.completions.create(
                model="nope", messages=ASK
            )


def test_faults_are_what_their_names_say(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(model="status-429", messages=ASK)
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model="reset-before-headers", messages=ASK)
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.2).chat.completions.create(
            model="hang-before-headers", messages=ASK
        )


@pytest.mark.parametrize("fault", ["no-finish", "html", "no-blank-lines"])
def test_the_sdk_takes_some_broken_streams_for_good_ones(client: openai.OpenAI, fault: str) -> None:
    """Why routerd has to look for the finish itself."""
    finishes = [
        choice.finish_reason for part in _streamed(client, fault) for choice in part.choices
    ]
    assert not any(finishes)


def test_a_client_that_leaves_is_noticed() -> None:
    with (
        FakeOpenAI() as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client,
    ):
        stream = client.chat.completions.create(model="hang-mid-stream", messages=ASK, stream=True)
        next(iter(stream))
        assert not server.disconnected.is_set()
        stream.close()
        assert server.disconnected.wait(5)


def test_nobody_listens_at_a_closed_port() -> None:
    with (
        openai.OpenAI(base_url=closed_port_url(), api_key="x", max_retries=0) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.models.list()

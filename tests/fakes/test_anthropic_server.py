"""Anthropic's own SDK judges the fake: what it reads from it is what it reads from the real one."""

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from tests.fakes.anthropic_server import MODELS, RETRY_AFTER_S, FakeAnthropic

KEY = "sk-ant-fake"


@pytest.fixture(scope="module")
def server() -> Iterator[FakeAnthropic]:
    with FakeAnthropic(KEY) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: FakeAnthropic) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=server.url, api_key=KEY, max_retries=0) as opened:
        yield opened


def _ask(model: str) -> Any:
    messages = [{"role": "user", "content": "hello"}]
    return {"model": model, "max_tokens": 64, "messages": messages}


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_sdk_reads_the_same_from_a_stream_as_from_a_whole_answer(
    client: anthropic.Anthropic, model: str
) -> None:
    whole = client.messages.create(**_ask(model))
    with client.messages.stream(**_ask(model)) as stream:
        streamed = stream.get_final_message()
    assert streamed.to_dict()["content"] == whole.to_dict()["content"]
    assert streamed.stop_reason == whole.stop_reason == MODELS[model].stop_reason
    assert streamed.usage.cache_read_input_tokens == MODELS[model].cache_read


def test_the_sdk_walks_through_all_pages_of_models(client: anthropic.Anthropic) -> None:
    assert [model.id for model in client.models.list()] == list(MODELS)


def test_the_sdk_names_the_errors(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as limited:
        client.messages.create(**_ask("error-429"))
    assert limited.value.response.headers["retry-after"] == str(RETRY_AFTER_S)
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(**_ask("nobody"))
    with pytest.raises(anthropic.AuthenticationError):
        client.with_options(api_key="wrong").messages.create(**_ask("claude-caller"))

"""OpenAI's own SDK judges the fake."""

from collections.abc import Iterator

import openai
import pytest

from tests.fakes.openai_responses import CHAT_MODELS, MODELS, OTHERS, RETRY_AFTER_S, FakeOpenAICloud

KEY = "sk-fake"


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with (
        FakeOpenAICloud(KEY) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as opened,
    ):
        yield opened


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_sdk_reads_the_same_from_a_stream_as_from_a_whole_answer(
    client: openai.OpenAI, model: str
) -> None:
    whole = client.responses.create(model=model, input="hello")
    with client.responses.create(model=model, input="hello", stream=True) as stream:
        *_, last = stream
    assert last.type == f"response.{MODELS[model].status}"
    streamed = last.response  # type: ignore[union-attr]  # one that carries it
    assert [item.to_dict() for item in streamed.output] == [i.to_dict() for i in whole.output]
    assert streamed.usage == whole.usage
    assert whole.usage is not None
    assert whole.usage.input_tokens_details.cached_tokens == MODELS[model].cached


def test_the_sdk_lists_the_models(client: openai.OpenAI) -> None:
    assert [m.id for m in client.models.list()] == [*MODELS, *CHAT_MODELS, *OTHERS]


def test_the_sdk_names_the_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        client.responses.create(model="gpt-5-error-429", input="hello")
    assert limited.value.response.headers["retry-after"] == str(RETRY_AFTER_S)
    with pytest.raises(openai.BadRequestError, match="only supported in v1/responses"):
        client.chat.completions.create(model="gpt-5.1-codex", messages=[])

"""Google's own SDK judges the fake."""

from collections.abc import Iterator

import pytest
from google import genai
from google.genai import errors, types

from tests.fakes.gemini_server import MODELS, FakeGemini

KEY = "fake-key"


@pytest.fixture(scope="module")
def client() -> Iterator[genai.Client]:
    with FakeGemini(KEY) as server:
        options = types.HttpOptions(base_url=server.url)
        with genai.Client(api_key=KEY, vertexai=False, http_options=options) as opened:
            yield opened


@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_sdk_reads_the_same_from_a_stream_as_from_a_whole_answer(
    client: genai.Client, model: str
) -> None:
    whole = client.models.generate_content(model=model, contents="hello")
    pieces = list(client.models.generate_content_stream(model=model, contents="hello"))
    assert "".join(piece.text or "" for piece in pieces) == (whole.text or "")
    assert whole.candidates
    assert pieces[-1].candidates
    assert pieces[-1].candidates[0].finish_reason == whole.candidates[0].finish_reason
    assert pieces[-1].usage_metadata == whole.usage_metadata
    calls = [call for piece in pieces for call in piece.function_calls or ()]
    assert calls == (whole.function_calls or [])


def test_the_sdk_walks_through_all_pages_of_models(client: genai.Client) -> None:
    names = [(model.name or "").removeprefix("models/") for model in client.models.list()]
    assert names == [*MODELS, "text-embedding-004"]


def test_the_sdk_names_the_errors(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as limited:
        client.models.generate_content(model="error-429", contents="hello")
    assert (limited.value.code, limited.value.status) == (429, "RESOURCE_EXHAUSTED")

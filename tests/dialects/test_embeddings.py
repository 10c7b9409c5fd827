"""Embeddings towards a backend, in OpenAI's form."""

import base64
from typing import Any

import pytest

from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.dialects.embeddings import decode_answer, encode_request, pack


def test_a_request_holds_the_texts_and_the_length_wanted() -> None:
    asked = EmbeddingRequest(("a", "b"), dimensions=8)
    assert encode_request(asked, "m") == {"model": "m", "input": ["a", "b"], "dimensions": 8}
    assert "dimensions" not in encode_request(EmbeddingRequest(("a",)), "m")


def test_vectors_come_in_the_order_of_their_texts_as_numbers_or_as_bytes() -> None:
    packed = base64.b64encode(pack([3.0])).decode()
    data = [{"index": 1, "embedding": packed}, {"index": 0, "embedding": [1.0, 2.0]}]
    answer = decode_answer({"data": data, "usage": {"prompt_tokens": 5}})
    assert answer.vectors == (pack([1.0, 2.0]), pack([3.0]))
    assert answer.input_tokens == 5


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"data": [3]},
        {"data": [{"index": 1, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 0, "embedding": ["x"]}]},
        {"data": [{"index": 0, "embedding": [1e39]}]},
        {"data": [{"index": 0, "embedding": "!"}]},
    ],
)
def test_what_makes_no_sense_is_a_failure(told: dict[str, Any]) -> None:
    with pytest.raises(ProviderFailed):
        decode_answer(told)

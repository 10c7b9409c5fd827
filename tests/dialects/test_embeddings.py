"""Embeddings from a backend: in order, finite, as many bytes as numbers, or an error."""

import base64
import struct
from typing import Any

import pytest

from routerd.core.embedding import EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.dialects.embeddings import decode_answer, encode_request, shortened

VECTOR = struct.pack("<2f", 1.0, -0.5)


def _item(index: int, value: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": value}


def test_a_request_says_what_is_wanted() -> None:
    asked = EmbeddingRequest(("canary", "b"), dimensions=5)
    assert encode_request(asked, "m") == {"model": "m", "input": ["canary", "b"], "dimensions": 5}
    assert "canary" not in repr(asked)


def test_vectors_come_in_the_order_of_their_index_in_both_forms() -> None:
    encoded = base64.b64encode(VECTOR).decode()
    answer = decode_answer(
        {"data": [_item(1, [1, -0.5]), _item(0, encoded)], "usage": {"prompt_tokens": 3}}
    )
    assert answer.vectors == (VECTOR, VECTOR)
    assert answer.input_tokens == 3
    assert decode_answer({"data": [_item(0, [1.0])]}).input_tokens == -1


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"data": 7},
        {"data": [7]},
        {"data": [_item(0, [1.0]), _item(0, [1.0])]},
        {"data": [_item(1, [1.0])]},
        {"data": [_item(0, [])]},
        {"data": [_item(0, None)]},
        {"data": [_item(0, ["x"])]},
        {"data": [_item(0, [float("nan")])]},
        {"data": [_item(0, [1e300])]},
        {"data": [_item(0, "not base64!")]},
        {"data": [_item(0, base64.b64encode(b"abc").decode())]},
        {"data": [_item(0, base64.b64encode(struct.pack("<f", float("nan"))).decode())]},
    ],
)
def test_what_makes_no_sense_is_an_error(obj: dict[str, Any]) -> None:
    with pytest.raises(ProviderFailed) as caught:
        decode_answer(obj)
    assert caught.value.kind == "protocol"


def test_a_shorter_vector_is_the_head_at_length_one_and_none_is_made_longer() -> None:
    coded = base64.b64encode(struct.pack("<3f", 3.0, 4.0, 12.0)).decode()
    assert shortened(coded, None) == struct.pack("<3f", 3.0, 4.0, 12.0)
    assert struct.unpack("<2f", shortened(coded, 2)) == pytest.approx((0.6, 0.8))
    assert shortened(base64.b64encode(bytes(8)).decode(), 1) == bytes(4)
    with pytest.raises(ProviderFailed, match="have 3 dimensions, not 4") as caught:
        shortened(coded, 4)
    assert not caught.value.retryable

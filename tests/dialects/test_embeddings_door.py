"""Embeddings towards a client, in two forms."""

import base64
import json
import struct
from typing import Any

import pytest

from routerd.core.embedding import EmbeddingAnswer
from routerd.core.errors import InvalidRequest
from routerd.dialects import embeddings_door as door

VECTORS = (struct.pack("<2f", 1.0, 0.5), struct.pack("<2f", 2.0, 0.25))
ANSWER = EmbeddingAnswer("p/m", VECTORS, 4)


def test_openais_form_is_numbers_or_base64() -> None:
    plain = json.loads(door.encode_openai(ANSWER, as_base64=False))
    packed = json.loads(door.encode_openai(ANSWER, as_base64=True))
    assert [item["embedding"] for item in plain["data"]] == [[1.0, 0.5], [2.0, 0.25]]
    assert [base64.b64decode(item["embedding"]) for item in packed["data"]] == list(VECTORS)
    assert [item["index"] for item in plain["data"]] == [0, 1]
    assert plain["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


def test_ollamas_forms_are_many_or_one() -> None:
    many = json.loads(door.encode_ollama(ANSWER, old=False))
    assert many == {
        "model": "p/m",
        "embeddings": [[1.0, 0.5], [2.0, 0.25]],
        "prompt_eval_count": 4,
    }
    assert json.loads(door.encode_ollama(ANSWER, old=True)) == {"embedding": [1.0, 0.5]}
    uncounted = EmbeddingAnswer("m", VECTORS)
    assert "prompt_eval_count" not in json.loads(door.encode_ollama(uncounted, old=False))


@pytest.mark.parametrize("given", [None, 7, [], [1, 2], [[1]], ["a"] * 2049])
def test_what_is_no_text_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="'input'"):
        door.decode_openai(json.dumps({"input": given}).encode())


def test_another_encoding_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="encoding_format"):
        door.decode_openai(b'{"input":"a","encoding_format":"hex"}')


def test_the_older_name_of_the_text_is_read() -> None:
    assert door.decode_ollama(b'{"prompt":"a","model":"m"}').texts == ("a",)
    assert door.decode_ollama(b'{"input":["a","b"]}').texts == ("a", "b")

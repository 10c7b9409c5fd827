"""Embeddings towards a client, in OpenAI's and in Ollama's form, both ways.

Source: OpenAI API reference, "Embeddings"; Ollama's docs/api.md, "Generate embeddings".
"""

import array
import base64
import sys
from typing import Any

from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import InvalidRequest
from routerd.dialects import strict_json
from routerd.dialects.fields import integer, optional

MAX_TEXTS = 2048
MAX_DIMENSIONS = 65_536


def decode_openai(body: bytes) -> tuple[EmbeddingRequest, bool]:
    """Return the request and whether vectors are wanted as base64. Raises: InvalidRequest."""
    obj = strict_json.request_object(body)
    form = optional(obj, "encoding_format", str) or "float"
    if form not in ("float", "base64"):
        raise InvalidRequest("'encoding_format' must be float or base64.", "encoding_format")
    return _request(obj, "input"), form == "base64"


def decode_ollama(body: bytes) -> EmbeddingRequest:
    """Return the request of /api/embed, or of the older /api/embeddings. Raises: InvalidRequest."""
    obj = strict_json.request_object(body)
    return _request(obj, "prompt" if "input" not in obj and "prompt" in obj else "input")


def _request(obj: dict[str, Any], key: str) -> EmbeddingRequest:
    value = obj.get(key)
    texts = [value] if isinstance(value, str) else value
    if (
        not isinstance(texts, list)
        or not 0 < len(texts) <= MAX_TEXTS
        or not all(isinstance(text, str) for text in texts)
    ):
        raise InvalidRequest(
            f"'{key}' must be a string or an array of up to {MAX_TEXTS} strings; token numbers "
            "mean another text to every model.",
            key,
        )
    return EmbeddingRequest(
        tuple(texts),
        optional(obj, "model", str) or "auto",
        integer(obj, "dimensions", 1, MAX_DIMENSIONS),
    )


def floats(vector: bytes) -> list[float]:
    """Return a float32 little-endian vector as numbers."""
    values = array.array("f")
    values.frombytes(vector)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tolist()


def encode_openai(answer: EmbeddingAnswer, *, as_base64: bool) -> bytes:
    """Return the body of an answer."""
    data = [
        {
            "object": "embedding",
            "index": i,
            "embedding": base64.b64encode(vector).decode() if as_base64 else floats(vector),
        }
        for i, vector in enumerate(answer.vectors)
    ]
    tokens = max(answer.input_tokens, 0)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return strict_json.dumps(
        {"object": "list", "data": data, "model": answer.model, "usage": usage}
    )


def encode_ollama(answer: EmbeddingAnswer, *, old: bool) -> bytes:
    """Return the body of an answer of /api/embed; `old`: of /api/embeddings, for one text."""
    vectors = list(map(floats, answer.vectors))
    if old:
        return strict_json.dumps({"embedding": vectors[0]})
    body: dict[str, Any] = {"model": answer.model, "embeddings": vectors}
    if answer.input_tokens >= 0:
        body["prompt_eval_count"] = answer.input_tokens
    return strict_json.dumps(body)

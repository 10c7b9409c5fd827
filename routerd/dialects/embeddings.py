"""Embeddings towards a backend, in OpenAI's form: encode a request, decode what comes back.

Source: OpenAI API reference, "Embeddings".
"""

import array
import base64
import binascii
import math
import sys
from collections.abc import Mapping
from typing import Any

from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed

_LARGEST = 3.4e38


def encode_request(request: EmbeddingRequest, model: str) -> dict[str, Any]:
    """Return the body that asks `model` for vectors."""
    body: dict[str, Any] = {"model": model, "input": list(request.texts)}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return body


def pack(values: list[float]) -> bytes:
    """Return a vector as float32, little-endian."""
    packed = array.array("f", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _floats(packed: bytes) -> "array.array[float]":
    values = array.array("f", packed)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def shortened(coded: str, dimensions: int | None) -> bytes:
    """Return the head of a vector, at length 1 again; as it is where no length is asked for.

    `coded` is base64 of float32, little-endian. Models trained for it (Matryoshka) keep most of what
    they know in their first dimensions; of others a head is a poor vector, but of the length asked for.
    Raises: ProviderFailed where the model's own vectors are shorter.
    """
    packed = base64.b64decode(coded)
    if dimensions is None:
        return packed
    values = _floats(packed)
    if dimensions > len(values):
        raise ProviderFailed(
            f"the model's vectors have {len(values)} dimensions, not {dimensions}",
            "rejected",
            retryable=False,
            status=400,
        )
    head = values[:dimensions].tolist()
    length = math.sqrt(math.fsum(value * value for value in head))
    return pack([value / length for value in head] if length else head)


def decode_answer(obj: Mapping[str, Any]) -> EmbeddingAnswer:
    """Return the vectors in the order of the texts; the model's name is left to the caller.

    Raises: ProviderFailed of kind protocol.
    """
    data = obj.get("data")
    if not isinstance(data, list) or not all(isinstance(item, Mapping) for item in data):
        raise ProviderFailed("the backend sent embeddings without data", "protocol")
    # Servers may answer out of order; the index is what counts.
    places = [item.get("index", i) for i, item in enumerate(data)]
    if sorted(map(str, places)) != sorted(map(str, range(len(data)))):
        raise ProviderFailed("the backend sent embeddings with wrong indices", "protocol")
    vectors = [_vector(item.get("embedding")) for item in data]
    ordered = sorted(zip(places, vectors, strict=True))
    usage = obj.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    counted = tokens if isinstance(tokens, int) else -1
    return EmbeddingAnswer("", tuple(vector for _, vector in ordered), counted)


def _vector(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            packed = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            packed = b""
        if packed and len(packed) % 4 == 0 and all(map(math.isfinite, _floats(packed))):
            return packed
    if isinstance(value, list) and value and all(map(_fits, value)):
        return pack(value)
    raise ProviderFailed("the backend sent a vector that makes no sense", "protocol")


def _fits(value: Any) -> bool:
    """Whether it is a number that float32 can hold."""
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < _LARGEST

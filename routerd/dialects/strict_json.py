"""JSON text to values, with every way it can be wrong turned into one clear error."""

import json
import math
from typing import Any

from routerd.core.errors import InvalidRequest, ProviderFailed

# Whoever walks a value later (writing it again, `repr`) does so from deeper in the call stack than
# the parser did; what is refused here can't break there. Schemas and messages stay below 30.
MAX_DEPTH = 100
_NESTED = (dict, list)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is out of range")
    return value


# Built once: `json.loads` would build one for every call with arguments of its own.
_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


def loads(data: bytes | str) -> Any:
    """Return the value.

    Raises: ValueError for malformed text, NaN, Infinity and numbers that would become it, broken
    UTF-8, whole numbers of thousands of digits, and nesting deeper than `MAX_DEPTH`.
    """
    # A byte order mark is let through: Windows' tools write one.
    text = data if isinstance(data, str) else data.decode("utf-8-sig")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _is_deep(value):
        raise ValueError("nested too deeply")
    return value


def _is_deep(value: Any) -> bool:
    """Whether arrays and objects lie more than `MAX_DEPTH` deep, one level after the other."""
    level = [value] if isinstance(value, _NESTED) else []
    for _ in range(MAX_DEPTH):
        level = [
            child
            for outer in level
            for child in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(child, _NESTED)
        ]
        if not level:
            return False
    return True


def request_object(body: bytes) -> dict[str, Any]:
    """Return a client's JSON object. Raises: InvalidRequest."""
    try:
        value = loads(body)
    except ValueError as error:
        # The exception's own text quotes the document in no case, only positions.
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return value


def backend_object(data: bytes | str) -> dict[str, Any]:
    """Return a backend's JSON object. Raises: ProviderFailed of kind protocol."""
    try:
        value = loads(data)
    except ValueError as error:
        raise ProviderFailed(f"the backend sent broken JSON: {error}", "protocol") from None
    if not isinstance(value, dict):
        raise ProviderFailed("the backend sent JSON that is not an object", "protocol")
    return value


def dumps(value: Any) -> bytes:
    """Return compact UTF-8 JSON. Lone surrogates, legal in JSON text, are kept as escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()

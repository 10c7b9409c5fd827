"""JSON text to values, with every way it can be wrong turned into one clear error."""

import json
from typing import Any

from routerd.core.errors import InvalidRequest, ProviderFailed


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def loads(data: bytes | str) -> Any:
    """Return the value.

    Raises: ValueError for malformed text, NaN and Infinity, broken UTF-8, numbers of thousands
    of digits, and nesting deeper than the interpreter can follow.
    """
    try:
        return json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


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

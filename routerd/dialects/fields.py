"""Reads typed fields of a client's JSON object; every mistake becomes an error that names it."""

from collections.abc import Mapping
from typing import Any

from routerd.core.errors import InvalidRequest
from routerd.core.request import Effort, Image

# Engines keep these in 32 bits.
MAX_TOKENS = 2**31 - 1
_KINDS = {str: "a string", int: "an integer", bool: "a boolean", dict: "an object"}
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def optional(obj: Mapping[str, Any], key: str, kind: type, name: str = "") -> Any:
    """Return obj[key] when it is of that kind, None when absent or null.

    Raises: InvalidRequest.
    """
    value = obj.get(key)
    if value is None:
        return None
    # bool is an int in Python, not in JSON.
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    wanted = _KINDS.get(kind, "an array")
    raise InvalidRequest(f"'{name or key}' must be {wanted}.", name or key)


def integer(obj: Mapping[str, Any], key: str, low: int, high: int, name: str = "") -> int | None:
    """Return a whole number within bounds, None when absent. Raises: InvalidRequest."""
    value = optional(obj, key, int, name)
    if value is not None and not low <= value <= high:
        raise InvalidRequest(f"'{name or key}' must be from {low} to {high}.", name or key)
    return None if value is None else int(value)


def number(
    obj: Mapping[str, Any], key: str, low: float, high: float, name: str = ""
) -> float | None:
    """Return a number within bounds, None when absent. Raises: InvalidRequest."""
    value = obj.get(key)
    if value is None:
        return None
    told = name or key
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidRequest(f"'{told}' must be a number from {low:g} to {high:g}.", told)
    return float(value)


def strings(obj: Mapping[str, Any], key: str, name: str = "") -> tuple[str, ...]:
    """Return a string or an array of strings as a tuple. Raises: InvalidRequest."""
    value = obj.get(key)
    found = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        told = name or key
        raise InvalidRequest(f"'{told}' must be a string or an array of strings.", told)
    return tuple(found)


def each(obj: Mapping[str, Any], key: str, name: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return (where, object) of every entry of an array of objects. Raises: InvalidRequest."""
    found = []
    for i, item in enumerate(optional(obj, key, list, name) or []):
        where = f"{name or key}[{i}]"
        if not isinstance(item, dict):
            raise InvalidRequest(f"'{where}' must be an object.", where)
        found.append((where, item))
    return found


def text(obj: Mapping[str, Any], key: str, name: str) -> str:
    """Return a string that must be there. Raises: InvalidRequest."""
    value = optional(obj, key, str, name)
    if value is None:
        raise InvalidRequest(f"'{name}' is missing.", name)
    return str(value)


def data_url(value: Any, where: str) -> Image:
    """Return an inline image; remote ones are never fetched. Raises: InvalidRequest.

    A request must not choose where routerd connects.
    """
    head, _, data = value.partition(",") if isinstance(value, str) else ("", "", "")
    if not (head.startswith("data:image/") and head.endswith(";base64") and data):
        raise InvalidRequest(
            f"'{where}' must be a data:image/...;base64 URL; "
            "routerd does not fetch images from addresses.",
            where,
        )
    return Image(head.removeprefix("data:").partition(";")[0], data)


def bare_image(data: Any, where: str) -> Image:
    """Return an image given as base64 alone; its first bytes tell its kind.

    Raises: InvalidRequest.
    """
    if not isinstance(data, str) or not data:
        raise InvalidRequest(f"'{where}' must be base64 text.", where)
    starts = (("iVBORw", 0), ("/9j/", 1), ("R0lGOD", 2), ("UklGR", 3))
    kind = next((place for start, place in starts if data.startswith(start)), 0)
    return Image(_IMAGES[kind], data)


def effort(value: str | None) -> Effort:
    """Return how much to think; unknown words for more than high mean high."""
    match value:
        case None | "":
            return ""
        case "none" | "off" | "disabled":
            return "none"
        case "minimal" | "low" | "medium" | "high":
            return value
        case _:
            return "high"


def metadata_session(obj: Mapping[str, Any]) -> str:
    """Return the conversation's name where the body tells it, '' where it doesn't.

    Codex and others send one prompt cache key a conversation; gateways know `metadata.session_id`.
    """
    metadata = obj.get("metadata")
    told = metadata if isinstance(metadata, Mapping) else {}
    for value in (
        *(told.get(key) for key in ("session_id", "conversation_id", "thread_id")),
        obj.get("prompt_cache_key"),
    ):
        if isinstance(value, str) and value:
            return value[:200]
    return ""

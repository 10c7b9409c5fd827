"""Which JSON schemas OpenAI takes as strict; it answers 400 to any other that says it is.

Source: OpenAI's guide "Structured outputs", "Supported schemas": every object names all its
properties as required and allows no others.
"""

from collections.abc import Mapping
from typing import Any

_SCHEMAS_BY_NAME = ("properties", "$defs", "definitions")
_LISTS_OF_SCHEMAS = ("anyOf", "allOf", "oneOf", "prefixItems")


def fits(schema: Any) -> bool:
    """Whether the schema can be demanded as strict."""
    if not isinstance(schema, Mapping):
        return False
    if (schema.get("type") == "object" or "properties" in schema) and not _is_closed(schema):
        return False
    return all(map(fits, _inner(schema)))


def _is_closed(schema: Mapping[str, Any]) -> bool:
    properties, required = schema.get("properties"), schema.get("required")
    return (
        schema.get("additionalProperties") is False
        and isinstance(properties, Mapping)
        and isinstance(required, list)
        and set(properties) <= {name for name in required if isinstance(name, str)}
    )


def _inner(schema: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []
    for key in _SCHEMAS_BY_NAME:
        named = schema.get(key)
        found += named.values() if isinstance(named, Mapping) else ()
    for key in _LISTS_OF_SCHEMAS:
        listed = schema.get(key)
        found += listed if isinstance(listed, list) else ()
    return [*found, *([schema["items"]] if isinstance(schema.get("items"), Mapping) else ())]

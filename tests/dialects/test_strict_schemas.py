"""Which schemas may be called strict."""

from typing import Any

import pytest

from routerd.dialects import strict_schemas

CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        CLOSED,
        {**CLOSED, "properties": {"a": {"anyOf": [CLOSED, {"type": "null"}]}}},
        {"type": "array", "items": CLOSED},
    ],
)
def test_a_schema_that_leaves_nothing_open_fits(schema: dict[str, Any]) -> None:
    assert strict_schemas.fits(schema)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "object"},
        {**CLOSED, "additionalProperties": True},
        {**CLOSED, "required": []},
        {**CLOSED, "required": None},
        {k: v for k, v in CLOSED.items() if k != "additionalProperties"},
        {**CLOSED, "properties": {"a": {"type": "object", "properties": {}}}},
        {"type": "array", "items": {"type": "object"}},
        {"anyOf": [CLOSED, {"type": "object"}]},
        {**CLOSED, "$defs": {"x": {"type": "object"}}},
    ],
)
def test_one_that_leaves_anything_open_does_not(schema: Any) -> None:
    assert not strict_schemas.fits(schema)

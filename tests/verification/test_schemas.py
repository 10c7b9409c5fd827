import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.verification import schemas

COUNT = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "to": {"enum": ["a", "b"]}},
    "required": ["count"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("value", [{"count": 1}, {"count": 0, "to": "b"}])
def test_a_value_that_fits_has_no_fault(value: object) -> None:
    assert schemas.fault(COUNT, value) is None


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "required"),
        ({"count": "1"}, "properties/count/type"),
        ({"count": 1, "to": "c"}, "properties/to/enum"),
        ({"count": 1, "secret word": 2}, "additionalProperties"),
        ([], "type"),
    ],
)
def test_a_fault_is_told_by_its_place_in_the_schema(value: object, place: str) -> None:
    assert schemas.fault(COUNT, value) == place


def test_references_inside_the_schema_are_followed() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert schemas.fault(schema, {"a": 1}) is None
    assert schemas.fault(schema, {"a": "x"}) == "properties/a/type"


def test_a_reference_to_elsewhere_is_never_fetched() -> None:
    # A fetch of a closed port would raise an error of its own; nothing is found wrong instead.
    assert schemas.fault({"$ref": "http://127.0.0.1:9/schema"}, {"a": 1}) is None


@pytest.mark.parametrize("schema", [{"type": "objekt"}, {"properties": 3}, {"$ref": "#"}])
def test_a_schema_that_cannot_be_used_finds_no_fault(schema: dict[str, object]) -> None:
    assert schemas.fault(schema, {"a": 1}) is None


def test_a_pattern_is_tried_on_short_texts_only() -> None:
    schema = {"type": "string", "pattern": "^(a+)+$"}
    assert schemas.fault(schema, "aab") == "pattern"
    assert schemas.fault(schema, "a" * (schemas.LONGEST_MATCHED + 1) + "b") is None


@pytest.mark.parametrize(
    "text", ["{", '{"a": 1,}', "NaN", "[" * 20_000, "", "Infinity", "9" * 5000]
)
def test_what_is_not_json_is_told_without_quoting_it(text: str) -> None:
    with pytest.raises(schemas.Unreadable) as told:
        schemas.parse(text)
    assert '"a"' not in str(told.value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_is_read_and_fits_the_empty_schema(value: object) -> None:
    assert schemas.fault({}, schemas.parse(json.dumps(value))) is None

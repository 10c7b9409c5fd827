"""JSON in and out: whatever the bytes, a value or one clear error."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.errors import InvalidRequest, ProviderFailed
from routerd.dialects import strict_json

# Lone surrogates too: JSON text can hold them, UTF-8 can't.
TEXTS = st.text(st.characters() | st.just("\ud800"), max_size=5)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
TEXT = st.text(alphabet='{}[]",:\\u0123456789eE.-+ truefalsn\n', max_size=40)


def nested(depth: int) -> str:
    """Return arrays and objects, `depth` deep."""
    return '[{"a":' * (depth // 2) + "1" + "}]" * (depth // 2)


@given(value=JSON)
def test_every_value_survives_the_way_out_and_in(value: Any) -> None:
    data = strict_json.dumps(value)
    data.decode("utf-8")
    assert strict_json.loads(data) == value


@given(data=st.binary(max_size=40) | TEXT.map(str.encode))
def test_arbitrary_bytes_give_a_value_or_a_value_error(data: bytes) -> None:
    try:
        value = strict_json.loads(data)
    except ValueError:
        return
    assert strict_json.loads(strict_json.dumps(value)) == value


@given(data=st.binary(max_size=40) | TEXT.map(str.encode))
def test_client_and_backend_bodies_raise_their_own_errors_only(data: bytes) -> None:
    with suppress(InvalidRequest):
        assert isinstance(strict_json.request_object(data), dict)
    with suppress(ProviderFailed):
        assert isinstance(strict_json.backend_object(data), dict)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"NaN", "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"-Infinity", "-Infinity is not JSON"),
        (b"1e999", "out of range"),
        (b"[-1e999]", "out of range"),
        (b"9" * 5000, "4300 digits"),
        (b'"\xff"', "can't decode"),
        (b'"\xed\xa0\x80"', "can't decode"),
        ('{"a":1}'.encode("utf-16"), "can't decode"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (nested(102).encode(), "nested too deeply"),
    ],
)
def test_each_fault_is_told_in_words(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        strict_json.loads(data)


def test_nesting_up_to_the_bound_can_be_written_and_shown_again() -> None:
    value = strict_json.loads(nested(strict_json.MAX_DEPTH))
    assert strict_json.loads(strict_json.dumps(value)) == value
    assert repr(value)


def test_a_byte_order_mark_is_let_through() -> None:
    assert strict_json.loads(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@pytest.mark.parametrize("data", [b"[]", b"1", b'"x"', b"null"])
def test_only_an_object_is_a_body(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match="must be a JSON object"):
        strict_json.request_object(data)
    with pytest.raises(ProviderFailed, match="not an object") as failed:
        strict_json.backend_object(data)
    assert failed.value.kind == "protocol"


@pytest.mark.parametrize("read", [strict_json.request_object, strict_json.backend_object])
def test_an_error_never_quotes_the_document(read: Callable[[bytes], Any]) -> None:
    with pytest.raises((InvalidRequest, ProviderFailed)) as failed:
        read(b'{"prompt": "planted-secret" oops}')
    assert "planted" not in str(failed.value)


def test_text_goes_out_as_compact_utf8_and_surrogates_as_escapes() -> None:
    assert strict_json.dumps({"a": "é"}) == '{"a":"é"}'.encode()
    assert strict_json.dumps(["\ud800"]) == b'["\\ud800"]'
    assert json.loads(strict_json.dumps("\ud83d\ude00")) in ("\ud83d\ude00", "😀")

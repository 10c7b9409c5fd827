"""Bytes passed on: one member is changed, all others are the same bytes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.dialects import passthrough

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "a", '"model":"x"', "\\"]), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["model", "a", "b", "{", '"']), VALUES, max_size=4)


@settings(max_examples=60)
@given(value=OBJECTS, model=st.text(max_size=8), indent=st.sampled_from([None, 2]))
def test_only_the_models_name_changes(
    value: dict[str, Any], model: str, indent: int | None
) -> None:
    data = json.dumps(value, indent=indent).encode()
    assert json.loads(passthrough.with_member(data, "model", model)) == {**value, "model": model}


def test_every_other_byte_stays() -> None:
    raw = (
        b'{ "temperature":1.0e-2 ,"messages":[{"role":"user","content":"\\u00e4 \\"model\\":\\"x\\""}],'
        b'\n"future" : {"model":"inner","n":12345678901234567890}, "model"\t:\t"auto" }'
    )
    changed = passthrough.with_member(raw, "model", "q/7b")
    assert changed == raw.replace(b'"auto"', b'"q/7b"')


def test_a_name_that_comes_twice_is_changed_twice() -> None:
    assert passthrough.with_member(b'{"model":"a","model":"b"}', "model", "c") == (
        b'{"model":"c","model":"c"}'
    )


@pytest.mark.parametrize(
    ("raw", "has_usage", "added"),
    [
        (b'{"model":"auto","stream":true}', False, True),
        (b'{"stream_options":{"include_usage":true},"model":"auto"}', True, False),
    ],
)
def test_usage_is_asked_for_where_the_client_does_not(
    raw: bytes, has_usage: bool, added: bool
) -> None:
    body = passthrough.chat_request(raw, "m", stream=True, has_usage=has_usage)
    assert body is not None
    assert json.loads(body)["stream_options"] == {"include_usage": True}
    prefix = b'{"stream_options":{"include_usage":true},' if added else b"{"
    assert body == prefix + raw[1:].replace(b'"auto"', b'"m"')


def test_a_body_that_refuses_usage_is_asked_for_it_all_the_same() -> None:
    raw = b'{"stream_options":{"x":1,"include_usage":false},"model":"auto"}'
    body = passthrough.chat_request(raw, "m", stream=True, has_usage=False)
    assert body == b'{"stream_options":{"x":1,"include_usage":true},"model":"m"}'
    body = passthrough.chat_request(raw, "m", stream=False, has_usage=False)
    assert body == raw.replace(b"auto", b"m")


@settings(max_examples=100)
@given(
    value=OBJECTS,
    gone=st.sets(st.sampled_from(["model", "a", "b", "{"])),
    put=OBJECTS,
    indent=st.sampled_from([None, 2]),
)
def test_members_are_set_and_taken_out(
    value: dict[str, Any], gone: set[str], put: dict[str, Any], indent: int | None
) -> None:
    changes = dict.fromkeys(gone, passthrough.REMOVED) | put
    wanted = {name: v for name, v in value.items() if name not in gone} | put
    made = json.loads(passthrough.edited(json.dumps(value, indent=indent).encode(), changes))
    assert made == wanted
    found = passthrough.differences(value, wanted)
    assert json.loads(passthrough.edited(json.dumps(value).encode(), found)) == wanted


def test_a_member_within_another_is_changed_alone() -> None:
    raw = b'{ "model":"x", "message" : {"id":1.0e1, "model": "a","content":[]} }'
    changed = passthrough.with_inner(raw, "message", {"model": "b"})
    assert changed == raw.replace(b'"a"', b'"b"')
    assert passthrough.with_inner(b'{"message":[1]}', "message", {"model": "b"}) == (
        b'{"message":[1]}'
    )


def test_true_and_one_are_not_the_same() -> None:
    assert passthrough.differences({"a": 1, "b": True}, {"a": True, "b": True}) == {"a": True}


@pytest.mark.parametrize(
    ("data", "only"),
    [
        (b'{"choices":[],"usage":{}}', True),
        (b'{"choices": [ ] , "usage":{}}', True),
        (b'{"choices":[{"delta":{"content":"\\"choices\\":[]"}}]}', False),
    ],
)
def test_a_chunk_with_nothing_but_counts_is_known(data: bytes, only: bool) -> None:
    assert passthrough.only_usage(data) is only


def test_an_empty_object_takes_a_first_member() -> None:
    assert passthrough.with_member(b"{}", "model", "m") == b'{"model":"m"}'

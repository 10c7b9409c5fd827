"""JSON with comments changed as text: the value is right, and every other byte stays."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.connecting import jsonc

COMMENTED = """// my settings
{
  "font": 13, // small
  /* servers:
     two of them */
  "servers": {
    "one": {"command": "x"}, // keep
  },
  "url": "http://a//b", "last": [1, 2,],
}
"""
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=4)
BLANKS = st.sampled_from(["", " ", "\n", "\r\n", "\t", "// c\n", "/* c */", '/* {\n" */ '])


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, Any]:
    """An object as text with blanks, comments and trailing commas anywhere, and its value."""

    def write(value: Any) -> str:
        def blank() -> str:
            return draw(BLANKS)

        if isinstance(value, dict):
            entries = [f"{json.dumps(k)}{blank()}:{blank()}{write(v)}" for k, v in value.items()]
        elif isinstance(value, list):
            entries = list(map(write, value))
        else:
            return json.dumps(value)
        comma = draw(st.sampled_from(["", ","])) if entries else ""
        body = f"{blank()},{blank()}".join(entries) + blank() + comma + blank()
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return f"{opening}{blank()}{body}{closing}"

    value = draw(OBJECTS)
    return draw(BLANKS) + write(value) + draw(BLANKS), value


@settings(max_examples=50)
@given(told=texts())
def test_whatever_stands_between_values_is_read_over(told: tuple[str, Any]) -> None:
    text, value = told
    assert jsonc.loads(text) == value


@settings(max_examples=50)
@given(told=texts(), key=st.text(max_size=4), value=VALUES)
def test_a_member_is_set_and_nothing_else_changes(
    told: tuple[str, Any], key: str, value: Any
) -> None:
    text, before = told
    changed = jsonc.put(text, (key,), value)
    assert jsonc.loads(changed) == {**before, key: value}
    assert jsonc.put(changed, (key,), value) == changed


@settings(max_examples=50)
@given(told=texts(), value=VALUES)
def test_a_member_deep_down_is_set_and_objects_are_made(told: tuple[str, Any], value: Any) -> None:
    text, before = told
    try:
        changed = jsonc.put(text, ("a", "b", "c"), value)
    except ValueError:
        inner = before.get("a", {})
        assert not isinstance(inner, dict) or not isinstance(inner.get("b", {}), dict)
        return
    loaded = jsonc.loads(changed)
    assert loaded["a"]["b"]["c"] == value
    assert {k: v for k, v in loaded.items() if k != "a"} == {
        k: v for k, v in before.items() if k != "a"
    }


def test_comments_and_formatting_stay_where_they_were() -> None:
    changed = jsonc.put(COMMENTED, ("servers", "routerd"), {"command": "routerd", "args": ["mcp"]})
    assert changed == COMMENTED.replace(
        "// keep\n",
        '// keep\n    "routerd": {\n      "command": "routerd",\n      "args": [\n        "mcp"\n'
        "      ]\n    },\n",
    )


def test_a_comment_stays_with_the_entry_it_belongs_to() -> None:
    text = '{\n\t"a": 1 // one\n}\n'
    assert jsonc.put(text, ("b",), 2) == '{\n\t"a": 1, // one\n\t"b": 2\n}\n'
    long = '{\n  "a": 1 /* one\n  and more */\n}\n'
    assert jsonc.loads(jsonc.put(long, ("b",), 2)) == {"a": 1, "b": 2}


def test_windows_line_ends_and_the_mark_at_the_start_stay() -> None:
    changed = jsonc.put('\ufeff{\r\n    "a": 1\r\n}\r\n', ("b",), {"c": 2})
    assert changed == '\ufeff{\r\n    "a": 1,\r\n    "b": {\r\n        "c": 2\r\n    }\r\n}\r\n'


@pytest.mark.parametrize("text", ["", "\n", "{}", "{ }\n", "{ // nothing yet\n}", "{\n}\n"])
def test_an_empty_file_or_object_takes_a_first_member(text: str) -> None:
    assert jsonc.loads(jsonc.put(text, ("a", "b"), 1)) == {"a": {"b": 1}}


def test_an_entry_is_added_to_a_list_once() -> None:
    entry = {"name": "routerd", "x": 1}
    once = jsonc.append("", (), entry, "name")
    assert jsonc.append(once, (), entry, "name") == once
    assert jsonc.loads(jsonc.append(once, (), {**entry, "x": 2}, "name")) == [{**entry, "x": 2}]
    other = jsonc.append('[{"name": "b"}]', (), entry, "name")
    assert jsonc.loads(other) == [{"name": "b"}, entry]
    assert jsonc.loads(jsonc.append("{}", ("l",), entry, "name")) == {"l": [entry]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1"),
        ('{"a" 1}', "colon"),
        ('{"a": 1 "b": 2}', "comma is missing"),
        ('{"a": 1,, "b": 2}', "name in quotes"),
        ("{'a': 1}", "name in quotes"),
        ('{\n"a": tru}', "line 2: no value"),
        ("{} x", "something follows"),
        ("[" * 100, "nested too deeply"),
        ('{"a": 1} // ok\n/* not closed', "something follows"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        jsonc.put(text, ("a",), 1)


def test_what_stands_in_the_way_is_named_and_not_replaced() -> None:
    with pytest.raises(ValueError, match="a is not an object"):
        jsonc.put('{"a": 7}', ("a", "b"), 1)
    with pytest.raises(ValueError, match="a is not an array"):
        jsonc.append('{"a": 7}', ("a",), {"name": "x"}, "name")


@given(text=st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        jsonc.loads(text)
    except ValueError:
        return

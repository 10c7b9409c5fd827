"""Typed fields: the value, None where there is none, or an error that names the place."""

from typing import Any

import pytest

from routerd.core.errors import InvalidRequest
from routerd.core.request import Image
from routerd.dialects import fields


def _refused(read: Any, *arguments: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read(*arguments)
    assert caught.value.param is not None
    return str(caught.value)


def test_numbers_keep_their_bounds_and_their_kind() -> None:
    assert fields.integer({"a": 5}, "a", 1, 5) == 5
    assert fields.integer({}, "a", 1, 5) is None
    assert "from 1 to 5" in _refused(fields.integer, {"a": 6}, "a", 1, 5)
    assert "an integer" in _refused(fields.integer, {"a": True}, "a", 0, 5)
    assert fields.number({"a": 1}, "a", 0, 2) == 1.0
    assert "options.a" in _refused(fields.number, {"a": "1"}, "a", 0, 2, "options.a")


def test_one_string_or_many_are_many() -> None:
    assert fields.strings({"a": "x"}, "a") == ("x",)
    assert fields.strings({"a": ["x", "y"]}, "a") == ("x", "y")
    assert fields.strings({}, "a") == ()
    assert "array of strings" in _refused(fields.strings, {"a": ["x", 1]}, "a")


def test_each_entry_knows_where_it_is() -> None:
    assert fields.each({"a": [{}, {"b": 1}]}, "a", "x.a") == [("x.a[0]", {}), ("x.a[1]", {"b": 1})]
    assert "'a[1]'" in _refused(fields.each, {"a": [{}, 7]}, "a")


def test_a_text_must_be_there() -> None:
    assert fields.text({"a": ""}, "a", "a") == ""
    assert "missing" in _refused(fields.text, {}, "a", "x.a")


@pytest.mark.parametrize(
    ("start", "kind"),
    [("iVBORw", "png"), ("/9j/4A", "jpeg"), ("R0lGOD", "gif"), ("UklGRg", "webp"), ("AAAA", "png")],
)
def test_a_bare_image_tells_its_kind_by_its_start(start: str, kind: str) -> None:
    assert fields.bare_image(start, "i") == Image(f"image/{kind}", start)


@pytest.mark.parametrize("url", [None, 7, "", "http://x/y.png", "data:text/plain;base64,AA"])
def test_only_inline_images_are_taken(url: Any) -> None:
    assert "does not fetch" in _refused(fields.data_url, url, "i")


@pytest.mark.parametrize(
    ("word", "effort"),
    [(None, ""), ("", ""), ("off", "none"), ("minimal", "minimal"), ("max", "high")],
)
def test_words_for_effort_become_ours(word: str | None, effort: str) -> None:
    assert fields.effort(word) == effort


@pytest.mark.parametrize(
    ("obj", "session"),
    [
        ({}, ""),
        ({"metadata": {"session_id": "s"}, "prompt_cache_key": "k"}, "s"),
        ({"metadata": 7, "prompt_cache_key": "k"}, "k"),
        ({"metadata": {"session_id": 7, "thread_id": "t"}}, "t"),
        ({"prompt_cache_key": 7}, ""),
        ({"prompt_cache_key": "k" * 300}, "k" * 200),
    ],
)
def test_a_conversation_is_named_in_the_body(obj: dict[str, Any], session: str) -> None:
    assert fields.metadata_session(obj) == session

"""Edits give hunks, and hunks can be taken back, also out of a text that was changed since."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routerd.connecting.edits import Edit, apply, take_back

TEXT = '{\n  "a": 1, // one\n  "servers": {"x": {}}\n}\n'
EDITS = (
    Edit(("servers", "routerd"), {"command": "r"}),
    Edit(("a",), 2),
    Edit(("new", "deep"), [1]),
)


def test_what_was_applied_can_be_taken_back() -> None:
    changed, hunks = apply(TEXT, "jsonc", EDITS)
    assert len(hunks) == 3
    assert changed != TEXT
    assert take_back(changed, "jsonc", hunks) == TEXT


def test_what_changes_nothing_gives_no_hunk() -> None:
    changed, _ = apply(TEXT, "jsonc", EDITS)
    assert apply(changed, "jsonc", EDITS) == (changed, [])


def test_it_is_taken_out_of_a_text_that_was_changed_since() -> None:
    changed, hunks = apply(TEXT, "jsonc", EDITS)
    later = changed.replace("// one", "// the first").replace('"x": {}', '"x": {"y": 1}')
    wanted = TEXT.replace("// one", "// the first").replace('"x": {}', '"x": {"y": 1}')
    assert take_back(later, "jsonc", hunks) == wanted


def test_what_is_no_longer_there_is_said_and_not_guessed() -> None:
    changed, hunks = apply(TEXT, "jsonc", EDITS)
    with pytest.raises(ValueError, match="changed since"):
        take_back(changed.replace('"command": "r"', '"command": "mine"'), "jsonc", hunks)


@settings(max_examples=50)
@given(
    keys=st.lists(st.sampled_from("abcd"), min_size=1, max_size=3),
    values=st.lists(st.integers() | st.text(max_size=4), min_size=1, max_size=4),
)
def test_any_edits_are_taken_back_to_the_byte(keys: list[str], values: list[int | str]) -> None:
    edits = [Edit((*keys, str(i)), value) for i, value in enumerate(values)]
    try:
        changed, hunks = apply(TEXT, "jsonc", edits)
    except ValueError:
        assert keys[0] == "a"  # a number stands there
        return
    assert take_back(changed, "jsonc", hunks) == TEXT


@pytest.mark.parametrize(
    ("form", "text"), [("toml", "a = 1 # one\n[t]\nb = 2\n"), ("yaml", "a: 1 # one\nb: 2\n")]
)
def test_the_other_forms_as_well(form: str, text: str) -> None:
    edits = [Edit(("b" if form == "yaml" else "c",), "new")]
    changed, hunks = apply(text, form, edits)  # type: ignore[arg-type]  # one of the forms
    assert take_back(changed, form, hunks) == text  # type: ignore[arg-type]

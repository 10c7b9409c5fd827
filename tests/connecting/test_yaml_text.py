"""YAML changed as text: only the new lines are new."""

import pytest

from routerd.connecting import yaml_text

ENTRY = {"name": "routerd", "roles": ["chat", "edit"]}
CONFIG = """# assistant
name: mine
models:   # mine
  - name: big   # keep
    provider: openai

  - name: small
rules: []
"""


def test_an_entry_goes_first_into_the_list_and_the_rest_stays() -> None:
    changed = yaml_text.append(CONFIG, "models", ENTRY, "name")
    assert yaml_text.loads(changed)["models"][0] == ENTRY
    assert changed.replace('  - name: "routerd"\n    roles: ["chat", "edit"]\n', "") == CONFIG


@pytest.mark.parametrize(
    "text",
    ["", "name: x", "models: []\nname: x\n", "models:\nname: x\n", "models:\n- name: a\n", "# c\n"],
)
def test_a_list_is_made_or_filled_whatever_its_form(text: str) -> None:
    before = yaml_text.loads(text) or {}
    changed = yaml_text.append(text, "models", ENTRY, "name")
    assert yaml_text.loads(changed) == {
        **before,
        "models": [ENTRY, *(before.get("models") or ())],
    }


def test_a_key_is_set_where_it_is_or_at_the_end() -> None:
    assert yaml_text.put("a: 1  # one\r\nb: 2\r\n", "b", "x") == 'a: 1  # one\r\nb: "x"\r\n'
    assert yaml_text.put("a: 1", "b", [1]) == "a: 1\nb: [1]\n"
    assert yaml_text.put("", "b", True) == "b: true\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: [{name: a}]\n", "list of lines"),
        ("models:\n  - name: routerd\n", "already"),
        ("models: {a: [}\n", "expected"),
    ],
)
def test_a_list_that_can_not_be_changed_safely_is_left(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        yaml_text.append(text, "models", ENTRY, "name")


@pytest.mark.parametrize("text", ["- a\n- b\n", "b: |\n  two\n  lines\n", "b:\n  c: 1\n"])
def test_a_key_that_can_not_be_changed_safely_is_left(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a mapping|several lines"):
        yaml_text.put(text, "b", 1)

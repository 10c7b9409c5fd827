"""TOML changed in place: comments, order and formatting stay."""

import tomllib

import pytest

from routerd.connecting import toml_text

CONFIG = """# mine
model = "o3"   # the big one

[mcp_servers.other]   # keep
command = "x"
args = [ "a",
         "b" ]
"""


def test_keys_and_tables_are_set_and_the_rest_stays() -> None:
    changed = toml_text.put(CONFIG, ("model_provider",), "routerd")
    changed = toml_text.put(
        changed, ("model_providers", "routerd"), {"base_url": "u", "h": {"A": "b"}}
    )
    changed = toml_text.put(changed, ("mcp_servers", "routerd"), {"command": "r", "args": ["mcp"]})
    assert tomllib.loads(changed) == {
        "model": "o3",
        "model_provider": "routerd",
        "mcp_servers": {
            "other": {"command": "x", "args": ["a", "b"]},
            "routerd": {"command": "r", "args": ["mcp"]},
        },
        "model_providers": {"routerd": {"base_url": "u", "h": {"A": "b"}}},
    }
    for line in CONFIG.splitlines():
        assert line in changed
    assert toml_text.put(changed, ("model_provider",), "routerd") == changed


def test_an_empty_file_takes_everything() -> None:
    changed = toml_text.put("", ("a", "b"), {"c": 1})
    assert tomllib.loads(changed) == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize("text", ["a = ", "[a\n", "a = 1\na = 2\n"])
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        toml_text.put(text, ("b",), 1)


def test_what_stands_in_the_way_is_named() -> None:
    with pytest.raises(ValueError, match="a is not a table"):
        toml_text.put("a = 1\n", ("a", "b"), 1)

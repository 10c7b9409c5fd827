"""Storing a key: bound to a known address, never echoed, never in an unsafe keyring."""

import json
from pathlib import Path

import pytest

from routerd.settings import known_keys
from tests.fakes.daemon import routerd

CANARY = "canary-key-51c0"
PROVIDER = """
[[provider]]
name = "team"
kind = "openai_compatible"
base_url = "http://gpu-box.internal:8000/v1"
zone = "network"
key = "team-key"
"""
UNSAFE = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def _home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(PROVIDER, encoding="utf-8")
    return home


def _files(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_a_key_nobody_is_configured_for_is_not_stored(tmp_path: Path) -> None:
    ran = routerd(_home(tmp_path), "keys", "set", "other", stdin=CANARY)
    assert ran.returncode == 1
    assert 'key = "other"' in ran.stderr
    assert "anthropic" in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["team-key", "anthropic"])
def test_an_unsafe_keyring_is_refused_and_the_key_is_kept_nowhere(
    tmp_path: Path, name: str
) -> None:
    home = _home(tmp_path)
    ran = routerd(home, "keys", "set", name, stdin=CANARY, **UNSAFE)
    assert ran.returncode == 1
    assert "not one that keeps secrets safe" in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    assert CANARY.encode() not in _files(home)
    assert known_keys.load(home) == {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("\n", "empty"),
        ("x" * 20_000, "no API key"),
        ("sk-ümlaut", "no API key"),
        ("a\tb", "no API"),
    ],
)
def test_what_is_no_key_is_not_stored(tmp_path: Path, given: str, words: str) -> None:
    ran = routerd(_home(tmp_path), "keys", "set", "team-key", stdin=given)
    assert ran.returncode == 1
    assert words in ran.stderr


def test_a_name_is_needed_to_set_and_to_remove(tmp_path: Path) -> None:
    ran = routerd(_home(tmp_path), "keys", "set", stdin=CANARY)
    assert ran.returncode == 1
    assert "Which key?" in ran.stderr


def test_keys_are_listed_with_why_they_can_not_be_used(tmp_path: Path) -> None:
    home = _home(tmp_path)
    empty = routerd(home, "keys", "list")
    assert (empty.returncode, empty.stdout.split(".")[0]) == (0, "No keys are stored")
    known_keys.add(home, "openai", "https://api.openai.com:443")
    (row,) = json.loads(routerd(home, "keys", "list", "--json", **UNSAFE).stdout)
    assert (row["name"], row["usable"]) == ("openai", False)
    assert "keeps secrets safe" in row["why"]
    plain = routerd(home, "keys", "list", **UNSAFE).stdout
    assert "openai" in plain
    assert "not usable" in plain


def test_keys_in_plain_text_are_named_and_never_shown(tmp_path: Path) -> None:
    home = _home(tmp_path)
    assert "No keys" in routerd(home, "keys", "find").stdout
    secret = "sk-ant-api03-a1B2c3D4e5F6g7H8i9J0"  # noqa: S105  # planted
    (home / ".env").write_text(f"KEY={secret}\n", encoding="utf-8")
    told = routerd(home, "keys", "find").stdout
    assert ".env:1: a key of anthropic" in told
    (row,) = json.loads(routerd(home, "keys", "find", "--json").stdout)
    assert (row["vendor"], row["line"]) == ("anthropic", 1)
    assert secret not in told + json.dumps(row)

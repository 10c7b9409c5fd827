"""The list of stored keys: names and addresses, never a key."""

import os
import stat
from pathlib import Path

import pytest

from routerd.core.errors import ConfigInvalid
from routerd.settings import known_keys

ORIGIN = "https://api.openai.com:443"


def test_names_come_and_go(tmp_path: Path) -> None:
    assert known_keys.load(tmp_path) == {}
    known_keys.add(tmp_path, "openai", ORIGIN)
    known_keys.add(tmp_path, "anthropic", "https://api.anthropic.com:443")
    assert list(known_keys.load(tmp_path)) == ["anthropic", "openai"]
    assert known_keys.remove(tmp_path, "anthropic")
    assert not known_keys.remove(tmp_path, "anthropic")
    assert known_keys.load(tmp_path) == {"openai": ORIGIN}
    mode = (tmp_path / known_keys.FILE).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', "{"])
def test_a_broken_list_is_said_and_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / known_keys.FILE
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"keys\.json"):
        known_keys.add(tmp_path, "openai", ORIGIN)
    assert file.read_text(encoding="utf-8") == text


def test_a_place_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="can't be written"):
        known_keys.add(tmp_path / "nowhere", "openai", ORIGIN)


def test_storing_a_key_anew_shows_although_its_name_was_there(tmp_path: Path) -> None:
    assert known_keys.stamp(tmp_path) == 0
    known_keys.add(tmp_path, "openai", ORIGIN)
    before = known_keys.stamp(tmp_path)
    os.utime(tmp_path / known_keys.FILE, ns=(1, 1))
    known_keys.add(tmp_path, "openai", ORIGIN)
    assert known_keys.stamp(tmp_path) not in (0, 1)
    assert before > 1

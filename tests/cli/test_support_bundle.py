"""The support bundle: no key, no name, and shown before it is written."""

import zipfile
from pathlib import Path

import pytest

from routerd.cli.main import main
from routerd.cli.support_bundle import collect, redacted
from routerd.settings.places import Places

KEY = "sk-ant-api03-Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
CONFIG = f"""port = 7411
[[provider]]
name = "team"
kind = "openai_compatible"
base_url = "http://gpu:8000"
key = "my-keyring-entry"
api_token = "{KEY}"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    places = Places(tmp_path)
    places.config.write_text(CONFIG, encoding="utf-8")
    places.log.parent.mkdir()
    places.log.write_text(f"2026 INFO failed with Bearer {KEY} at {tmp_path}/x\n", encoding="utf-8")
    return places


def test_keys_and_the_home_are_left_out_and_the_rest_is_kept(here: Places) -> None:
    parts = collect(here)
    text = "\n".join(parts.values())
    assert KEY not in text
    assert "my-keyring-entry" not in text
    assert str(here.home) not in text
    assert "http://gpu:8000" in parts["config.toml"]
    assert "failed with" in parts["routerd.log"]
    assert '"routerd"' in parts["about.json"]


def test_long_random_words_go_wherever_they_stand(here: Places) -> None:
    assert (
        redacted("hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", here) == "hash [redacted]"
    )
    assert redacted("a normal sentence with words", here) == "a normal sentence with words"


def test_it_is_shown_and_only_written_when_agreed(
    here: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    target = here.home / "bundle.zip"
    assert main(["support-bundle", "--output", str(target)]) == 1
    assert not target.exists()
    assert main(["support-bundle", "--show"]) == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert main(["support-bundle", "--output", str(target), "--yes", "--show"]) == 0
    assert "--- config.toml" in capsys.readouterr().out
    assert target.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(target) as bundle:
        assert sorted(bundle.namelist()) == sorted(collect(here))
        assert KEY.encode() not in b"".join(bundle.read(name) for name in bundle.namelist())

"""The mode that was switched on by command."""

from pathlib import Path

import pytest

from routerd.settings import mode_file


def test_the_mode_is_kept_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "mode.json"
    assert mode_file.offline(path) is False
    mode_file.write(path, offline=True)
    assert mode_file.offline(path) is True
    assert path.stat().st_mode & 0o077 == 0
    mode_file.write(path, offline=False)
    assert mode_file.offline(path) is False


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"offline": "no"}', "null"])
def test_what_makes_no_sense_counts_as_offline(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mode.json"
    path.write_text(text, encoding="utf-8")
    assert mode_file.offline(path) is True

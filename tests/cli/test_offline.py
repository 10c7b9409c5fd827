"""`routerd offline` while no daemon runs; with one: tests/whole_house/test_governance.py."""

import json
from pathlib import Path

import pytest

from routerd.cli.main import main
from routerd.settings import mode_file


def test_the_mode_is_kept_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path / "home"))
    assert main(["offline", "on"]) == 0
    assert "from the next start" in capsys.readouterr().out
    assert mode_file.offline(tmp_path / "home" / "mode.json")
    assert main(["offline", "off", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["offline"] is False
    assert main(["offline", "report"]) == 3


def test_a_setting_in_the_file_stays_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text("offline = true\n", encoding="utf-8")
    assert main(["offline", "off", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["offline"] is True

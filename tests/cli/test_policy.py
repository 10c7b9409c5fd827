"""`routerd policy check` from the command line."""

import json
from pathlib import Path

import pytest

from routerd.cli.main import main
from routerd.cli.policy import checked
from routerd.core.errors import ConfigInvalid

BAD = """[[rule]]
id = "home"
allow_zones = "device"

[[rule]]
id = "docs"
when.task = "documentation"
allow_zones = ["device", "network"]

[[rule]]
id = "cloudy"
when.task = "review"
allow_zones = "cloud"

[[test]]
name = "documentation stays here"
request = { task = "documentation" }
allows = [{ zone = "cloud" }]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    return tmp_path


def test_problems_are_told_with_line_and_key(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "policy.toml").write_text(BAD, encoding="utf-8")
    assert main(["policy", "check"]) == 1
    told = capsys.readouterr().out
    assert "policy.toml:6: id: rule docs is unreachable" in told
    assert "policy.toml:13: allow_zones: rule cloudy is contradictory" in told
    assert "policy.toml:16: test 'documentation stays here' fails: zone cloud" in told
    assert "3 rules, 0 of 1 tests" in told


def test_a_good_file_passes_with_json_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "policy.toml").write_text('extends = "team"\n', encoding="utf-8")
    assert main(["policy", "check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert found["rules"] == 4


@pytest.mark.parametrize("name", ["airgap", "frugal", "laptop", "team"])
def test_shipped_policies_can_be_checked_by_name(
    home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "check", name]) == 0
    assert "tests" in capsys.readouterr().out


def test_what_may_contradict_is_told_and_passes(home: Path) -> None:
    path = home / "policy.toml"
    path.write_text(
        'extends = "laptop"\n[[rule]]\nid = "b"\nwhen.path = "b/**"\nrequire.tier = "premium"\n',
        encoding="utf-8",
    )
    found = checked(path)
    assert found["ok"]
    assert {problem["kind"] for problem in found["problems"]} == {"perhaps contradictory"}
    assert {problem["line"] for problem in found["problems"]} == {1}


def test_a_missing_file_says_how_to_begin_and_a_mistake_exits_with_1(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigInvalid, match='extends = "laptop"'):
        checked(home / "policy.toml")
    (home / "policy.toml").write_text("[[rule]]\nid = 'a'\nflor = 1\n", encoding="utf-8")
    assert main(["policy", "check"]) == 1
    assert "policy.toml:3: rule.0.flor: unknown key" in capsys.readouterr().err

"""`routerd doctor` as a whole: with and without a daemon, in words and as JSON, and what it mends."""

import argparse
import json
from pathlib import Path

import pytest

from routerd.cli import doctor
from routerd.cli import main as cli
from routerd.cli.checks.finding import Finding, Scene
from routerd.core.errors import RouterdError
from tests.cli.checks.scenes import scene
from tests.fakes.scripted_house import ServedHouse


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "CLINE_MCP_SETTINGS_PATH", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path / "rd"))
    return tmp_path


def looked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, list[str]]]:
    """Return the exit code, and what was found by level."""
    code = cli.main(["doctor", "--json", *arguments])
    told = json.loads(capsys.readouterr().out)
    by_level: dict[str, list[str]] = {level: [] for level in doctor.LEVELS}
    for finding in told["findings"]:
        by_level[finding["level"]].append(finding["what"])
    assert told["ok"] is (code == 0)
    assert told["counts"] == {level: len(found) for level, found in by_level.items()}
    return code, by_level


def test_without_a_daemon_everything_else_is_looked_at_and_nothing_made(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = looked(capsys)
    assert code == 1
    assert "only the plumbing check answers" in found["problem"]
    assert any("does not run" in what for what in found["note"])
    assert not (home / "rd").exists()


def test_settings_with_a_mistake_do_not_stop_the_rest(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "rd").mkdir(mode=0o700)
    (home / "rd" / "config.toml").write_text("prot = 1\n", encoding="utf-8")
    code, found = looked(capsys)
    assert code == 1
    assert any("prot: unknown key" in what for what in found["problem"])
    assert any("classifier's files" in what for what in found["ok"])


def test_a_daemon_of_another_token_is_told_and_hides_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ServedHouse(home) as served:
        (home / "rd" / "run").mkdir(mode=0o700, parents=True)
        endpoint = json.dumps({"port": served.port, "pid": 1})
        (home / "rd" / "run" / "endpoint.json").write_text(endpoint, encoding="utf-8")
        (home / "rd" / "token").write_text("rd-" + "x" * 40, encoding="ascii")
        code, found = looked(capsys)
    assert code == 1
    assert any("answers where the daemon should" in what for what in found["problem"])
    assert any("classifier's files" in what for what in found["ok"])


def test_what_is_not_safe_is_done_only_when_somebody_agrees() -> None:
    done: list[str] = []

    def repair(name: str) -> str:
        done.append(name)
        return name

    def fail() -> str:
        raise RouterdError("the keyring is locked")

    found = [
        ("a", Finding("warning", "safe", repair=lambda: repair("safe"), safe=True)),
        ("a", Finding("warning", "asked", repair=lambda: repair("asked"))),
        ("a", Finding("warning", "locked", repair=fail, safe=True)),
        ("a", Finding("problem", "by hand")),
    ]
    told = list(doctor.mend(found, ask=lambda _: False))
    assert done == ["safe"]
    assert told == ["safe", "not mended: locked (the keyring is locked)"]
    assert "asked" in list(doctor.mend(found, ask=lambda _: True))


def test_nobody_is_asked_where_nobody_can_answer() -> None:
    ask = doctor.asker(argparse.Namespace(json=True))
    assert ask("a key") is False


def test_a_check_that_fails_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Scene) -> list[Finding]:
        raise PermissionError(13, "Permission denied")

    def works(_: Scene) -> list[Finding]:
        return [Finding("ok", "fine")]

    monkeypatch.setattr(doctor, "CHECKS", {"x": (fails, works)})
    found = doctor.examine(scene(tmp_path), quiet=True)
    assert [(group, finding.level) for group, finding in found] == [("x", "warning"), ("x", "ok")]
    assert "fails could not be looked at" in found[0][1].what

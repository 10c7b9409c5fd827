"""What the command line reads of a real daemon: why, stats, models and doctor."""

import json
from typing import Any

import pytest

from routerd.cli import main as cli
from routerd.cli import standalone
from routerd.settings import places
from tests.fakes.daemon import Daemon


@pytest.fixture(autouse=True)
def of_the_daemon(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands find the daemon; a terminal's width must not matter."""
    monkeypatch.setenv("HOME", str(daemon.home))
    monkeypatch.setenv("ROUTERD_HOME", str(daemon.home))


@pytest.fixture(scope="module")
def asked(daemon: Daemon) -> Any:
    """Return the answer to one request."""
    body = {"messages": [{"role": "user", "content": "explain this loop"}], "max_tokens": 4}
    return daemon.client.post("/v1/chat/completions", body)


def test_why_explains_the_last_answer_in_words_and_as_json(
    asked: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["why", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["chosen"] == asked["model"] == "llamacpp/plumbing-check"
    assert {"id", "weights", "candidates", "exclusions", "outcome", "facts"} <= set(found)
    assert found["facts"]["client"] == "cli"
    assert found["explanation"]["rival"] is None
    (candidate,) = found["candidates"]
    assert candidate["sources"]["known"] == -10.0
    assert cli.main(["why", found["id"]]) == 0
    told = capsys.readouterr().out
    for part in ("→ llamacpp/plumbing-check", "where ", "nobody else could", "what happened"):
        assert part in told
    assert "\x1b" not in told


def test_route_is_explained_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["route", "--json", "refactor this"]) == 0
    assert json.loads(capsys.readouterr().out)["explanation"]["changes"] == []


def test_the_file_says_what_the_daemon_says(asked: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["stats", "--days", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["period"]["requests"] == 1
    assert standalone.stats(places.find(), 3) == told
    assert cli.main(["stats"]) == 0
    assert "1 request" in capsys.readouterr().out


def test_doctor_asks_the_daemon_and_mends_what_is_safe(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    log = daemon.home / "audit.log"
    log.chmod(0o644)
    assert cli.main(["doctor", "--fix"]) == 1, "there is no model for work"
    told = capsys.readouterr().out
    assert f"chmod 600 {log}" in told
    assert log.stat().st_mode & 0o777 == 0o600
    assert f"on port {daemon.port}" in told
    assert "✗ only the plumbing check answers" in told
    assert "→ ollama pull" in told

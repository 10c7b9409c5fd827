"""Coding tools as they are after `connect`, and after somebody changed their files."""

import json
from pathlib import Path

import pytest

from routerd.cli import main as cli
from routerd.cli.checks import tools
from routerd.cli.checks.finding import Scene
from routerd.core.config import Config
from routerd.settings import client_tokens
from tests.cli.checks.scenes import STATUS, found, levels, scene
from tests.fakes.scripted_house import ServedHouse


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A home with Claude Code connected to port 7411."""
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "CLINE_MCP_SETTINGS_PATH", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path / "rd"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert cli.main(["connect", "claude-code"]) == 0
    return scene(tmp_path)


def test_a_tool_as_it_was_connected_is_well(at: Scene) -> None:
    (told,) = found(tools.wiring, at)
    assert (told.level, told.what) == ("ok", "claude-code is connected to port 7411")


def test_another_port_in_force_and_a_v1_too_many_are_problems(at: Scene) -> None:
    moved = scene(at.user, config=Config(port=7999))
    (told,) = found(tools.wiring, moved)
    assert (told.level, told.fix) == ("problem", "routerd connect claude-code")
    assert "leads to port 7411; routerd listens on 7999" in told.what
    path = at.user / ".claude" / "settings.json"
    path.write_text(path.read_text("utf-8").replace(":7411", ":7411/v1"), encoding="utf-8")
    (told,) = found(tools.wiring, at)
    assert "/v1/v1" in told.what


def test_a_token_that_is_gone_or_refused_is_a_problem(at: Scene) -> None:
    with ServedHouse(at.user) as served:
        # This house knows one token only, so the tool's own is refused.
        endpoint = json.dumps({"port": served.port})
        at.here.endpoint.write_text(endpoint, encoding="utf-8")
        told = found(
            tools.wiring, scene(at.user, status={**STATUS, "base_url": "http://h:7411/v1"})
        )
    assert [f.level for f in told] == ["problem"]
    assert "refuses its token" in told[0].what
    client_tokens.forget(at.here.client_tokens, "claude-code")
    assert any("token is gone" in f.what for f in found(tools.wiring, at))


def test_tools_that_are_installed_and_not_connected_are_named_once(at: Scene) -> None:
    for folder in (".cursor", ".codex"):
        (at.user / folder).mkdir()
    told = found(tools.wiring, at)
    assert [f.level for f in told] == ["ok", "note"]
    assert told[1].what == "installed, not connected: cursor, codex"


def test_variables_that_lead_astray_are_told(at: Scene) -> None:
    environ = {
        "ANTHROPIC_BASE_URL": "http://localhost:7411/v1",
        "OPENAI_BASE_URL": "http://127.0.0.1:7411",
        "ANTHROPIC_API_KEY": "sk-x",
    }
    told = found(tools.variables, scene(at.user, environ=environ))
    assert [f.level for f in told] == ["warning"] * 3
    assert "ends in /v1" in told[0].what
    assert "lacks /v1" in told[1].what
    assert told[2].fix == "unset ANTHROPIC_API_KEY"
    assert levels(tools.variables, at) == []

"""`routerd connect` and `disconnect` as a person uses them, on a home of their own."""

import json
from pathlib import Path

import pytest

from routerd.cli import main as cli
from routerd.connecting.clients import CLIENTS
from routerd.settings import client_tokens
from tests.fakes.scripted_house import ServedHouse

CONFIG = '# mine\nmodel = "o3" # big\n\n[tui]\nx = 1\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "CLINE_MCP_SETTINGS_PATH", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path / "rd"))
    return tmp_path


def test_every_client_is_connected_and_taken_out_again_to_the_byte(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codex = home / ".codex" / "config.toml"
    codex.parent.mkdir()
    codex.write_text(CONFIG, encoding="utf-8")
    before = {p for p in home.rglob("*") if p.is_file()}
    for client in CLIENTS:
        assert cli.main(["connect", client]) == 0, client
    told = capsys.readouterr()
    assert "daemon does not run" in told.out
    tokens = client_tokens.read(home / "rd" / "client_tokens.json")
    assert set(tokens) == set(CLIENTS)
    assert len(set(tokens.values())) == len(CLIENTS)
    assert not [token for token in tokens.values() if token in told.out + told.err]
    assert codex.read_text("utf-8").startswith("# mine\n")
    for client in CLIENTS:
        assert cli.main(["disconnect", client]) == 0, client
    assert codex.read_text("utf-8") == CONFIG
    after = {p for p in home.rglob("*") if p.is_file() and "rd" not in p.relative_to(home).parts}
    assert after == before
    assert client_tokens.read(home / "rd" / "client_tokens.json") == {}


def test_twice_is_once_and_a_new_port_is_written_over_the_old(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"env": {"A": "b"}}', encoding="utf-8")
    assert cli.main(["connect", "claude-code"]) == 0
    first = path.read_text("utf-8")
    assert cli.main(["connect", "claude-code"]) == 0
    assert "connected already" in capsys.readouterr().out
    assert path.read_text("utf-8") == first
    (home / "rd" / "config.toml").write_text("port = 7999\n", encoding="utf-8")
    assert cli.main(["connect", "claude-code"]) == 0
    assert json.loads(path.read_text("utf-8"))["env"]["ANTHROPIC_BASE_URL"].endswith(":7999")
    assert cli.main(["disconnect", "claude-code"]) == 0
    assert path.read_text("utf-8") == '{"env": {"A": "b"}}'


def test_print_shows_all_of_it_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for client in CLIENTS:
        assert cli.main(["connect", client, "--print"]) == 0
    told = capsys.readouterr().out
    tokens = client_tokens.read(home / "rd" / "client_tokens.json")
    assert tokens["jetbrains"] in told
    assert str(home / ".codex" / "config.toml") in told
    assert not (home / ".codex").exists()
    assert not (home / ".cursor").exists()


def test_the_daemon_is_asked_with_the_clients_own_token(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ServedHouse(home) as served:
        run = home / "rd" / "run"
        run.mkdir(parents=True)
        (run / "endpoint.json").write_text(json.dumps({"port": served.port}), encoding="utf-8")
        assert cli.main(["connect", "cursor", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
    # This house knows one token only, so the client's own is refused, and that is said.
    assert (told["verified"], told["client"]) == (False, "cursor")
    assert "token" in told["failure"]
    assert told["written"] == [str(home / ".cursor" / "mcp.json")]


def test_what_can_not_be_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["connect", "emacs"]) == 1
    assert "known are cursor" in capsys.readouterr().err
    assert cli.main(["disconnect", "cursor"]) == 0
    assert "was not connected" in capsys.readouterr().out
    (home / "rd").mkdir(mode=0o700, exist_ok=True)
    (home / "rd" / "config.toml").write_text("port = 0\n", encoding="utf-8")
    assert cli.main(["connect", "cursor"]) == 1
    assert "another port at every start" in capsys.readouterr().err

"""A tool's files against what `connect` would write now."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from routerd.connecting import connection, inspection
from routerd.connecting.clients import CLIENTS, Daemon, Surroundings
from routerd.settings.places import write_private

COMMAND = "/usr/bin/env"
DAEMON = Daemon(7411, "rd-" + "t" * 40, COMMAND, {})


def nobody(_: str) -> str | None:
    return None


def real(program: str) -> str | None:
    return program if os.access(program, os.X_OK) else None


@pytest.fixture
def connect(tmp_path: Path) -> Callable[[str], Callable[..., inspection.Wiring]]:
    """Connect a client below `tmp_path`; return what inspects it."""

    def connected(client: str) -> Callable[..., inspection.Wiring]:
        here = Surroundings(tmp_path, "linux", {})
        place = tmp_path / "rd" / client
        place.mkdir(parents=True)
        files = connection.pending(CLIENTS[client](here, DAEMON))
        connection.write(place, files, write_private)

        def inspect(daemon: Daemon = DAEMON) -> inspection.Wiring:
            plan = CLIENTS[client](here, daemon)
            return inspection.inspect(client, plan, place, daemon, here, real)

        return inspect

    return connected


Connect = Callable[[str], Callable[..., inspection.Wiring]]


@pytest.mark.parametrize("client", CLIENTS)
def test_as_it_was_written_nothing_is_wrong_and_a_new_port_is_noticed(
    client: str, connect: Connect
) -> None:
    inspect = connect(client)
    assert inspect() == inspection.Wiring(client, True, True)
    moved = inspect(replace(DAEMON, port=7999))
    plan_has_address = client not in ("cursor", "windsurf", "cline", "cody", "jetbrains")
    assert any("listens on 7999" in fault for fault in moved.faults) is plan_has_address


def test_a_token_a_program_and_an_address_that_changed_are_each_told(
    connect: Connect, tmp_path: Path
) -> None:
    inspect = connect("codex")
    path = tmp_path / ".codex" / "config.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("t" * 40, "x" * 40), encoding="utf-8")
    assert "another token" in inspect().faults[0]
    path.write_text(text.replace(COMMAND, "/gone/routerd"), encoding="utf-8")
    assert "starts /gone/routerd, which is gone" in inspect().faults[0]
    path.write_text(text.replace(":7411/v1", ":7411"), encoding="utf-8")
    assert "ends in / where /v1 belongs" in inspect().faults[0]
    path.write_text(text.replace("http://127.0.0.1:7411", "https://api.x.ai"), encoding="utf-8")
    assert "leads to https://api.x.ai/v1" in inspect().faults[0]
    path.write_text("not = [toml", encoding="utf-8")
    assert "can't be read" in inspect().faults[0]
    path.unlink()
    assert "is gone" in inspect().faults[0]


def test_what_a_person_added_is_his_own(connect: Connect, tmp_path: Path) -> None:
    inspect = connect("claude-code")
    path = tmp_path / ".claude" / "settings.json"
    values = json.loads(path.read_text("utf-8"))
    values["env"]["MORE"] = "http://127.0.0.1:1/other"
    values["permissions"] = {"allow": ["x"]}
    path.write_text(json.dumps(values), encoding="utf-8")
    assert inspect().faults == ()
    del values["env"]["ANTHROPIC_AUTH_TOKEN"]
    path.write_text(json.dumps(values), encoding="utf-8")
    assert "ANTHROPIC_AUTH_TOKEN in" in inspect().faults[0]


def test_an_address_set_by_hand_is_looked_at_where_it_leads_here(tmp_path: Path) -> None:
    here = Surroundings(tmp_path, "linux", {})
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    plan = CLIENTS["claude-code"](here, DAEMON)

    def faults(url: str) -> tuple[str, ...]:
        path.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": url}}), encoding="utf-8")
        place = tmp_path / "rd"
        return inspection.inspect("claude-code", plan, place, DAEMON, here, nobody).faults

    assert "/v1/v1" in faults("http://localhost:7411/v1")[0]
    assert faults("http://127.0.0.1:7411") == ()
    assert faults("https://api.anthropic.com/v1") == ()
    assert faults("http://127.0.0.1:8080/v1") == ()


def test_tools_are_known_by_their_programs_and_by_what_they_leave(tmp_path: Path) -> None:
    assert set(inspection.SIGNS) == set(CLIENTS)
    here = Surroundings(tmp_path, "linux", {})

    def installed(client: str, which: inspection.Which = nobody) -> bool:
        plan = CLIENTS[client](here, DAEMON)
        return inspection.inspect(client, plan, tmp_path / "rd", DAEMON, here, which).installed

    assert not any(map(installed, CLIENTS))
    assert installed("aider", lambda name: f"/usr/bin/{name}" if name == "aider" else None)
    (tmp_path / ".config" / "Code").mkdir(parents=True)
    (tmp_path / ".junie").mkdir()
    assert [client for client in CLIENTS if installed(client)] == ["vscode", "junie"]


def test_variables_that_lead_here_must_end_as_their_client_needs() -> None:
    variables = {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:7411/v1/",
        "OPENAI_BASE_URL": "http://[::1]:7411",
        "OPENAI_API_BASE": "http://127.0.0.1:8080",
    }
    told = list(inspection.address_traps(variables, 7411))
    assert len(told) == 2
    assert "ends in /v1" in told[0]
    assert list(inspection.address_traps(variables, 1)) == []

"""Where the home is, and what is started."""

import sys
from pathlib import Path

import pytest

from routerd.cli import tray as cli_tray
from routerd.settings import places
from tray import commands


@pytest.mark.parametrize("chosen", [None, "/somewhere/else", "~/mine"])
def test_the_tray_finds_the_home_that_the_daemon_finds(
    chosen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUTERD_HOME", raising=False)
    if chosen is not None:
        monkeypatch.setenv("ROUTERD_HOME", chosen)
    assert commands.home() == places.find().home


def test_both_sides_start_the_same_programs() -> None:
    assert commands.tray("--at-login") == cli_tray.program("--at-login")
    assert commands.routerd("up")[:1] == [sys.executable]


def test_an_installed_bundle_starts_the_programs_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/routerd/routerd")
    assert commands.tray() == [str(Path("/opt/routerd/routerd-tray"))]
    assert cli_tray.program() == commands.tray()
    assert commands.routerd("up") == [str(Path("/opt/routerd/routerd")), "up"]

"""Which kind of icon is chosen, and what is said where there is none."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tray import backends
from tray.autostart import Xdg
from tray.backends import Backend, NoTray

SNI, X11 = Backend("status-notifier", True), Backend("x11", True)
NO_SNI = Backend("status-notifier", False, reason="no panel")
NO_X11 = Backend("x11", False, reason="no display")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the trays of Linux desktops")


def after(*looks: Sequence[Backend]) -> list[Sequence[Backend]]:
    return list(looks)


@pytest.mark.parametrize(
    ("looks", "limit_s", "expected"),
    [
        (after((SNI, X11)), 0.0, "status-notifier"),
        (after((NO_SNI, X11)), 0.0, "x11"),
        # A panel that brings both up: the better one is waited for a moment.
        (after((NO_SNI, X11), (SNI, X11)), 60.0, "status-notifier"),
        (after((NO_SNI, X11), (NO_SNI, X11)), 60.0, "x11"),
        (after((NO_SNI, NO_X11), (NO_SNI, NO_X11), (SNI, X11)), 60.0, "status-notifier"),
    ],
)
def test_the_best_that_works_is_chosen_and_waited_for_at_login(
    looks: list[tuple[Backend, ...]], limit_s: float, expected: str
) -> None:
    slept: list[float] = []
    found = backends.wait(limit_s, lambda: looks.pop(0), slept.append)
    assert found.name == expected
    assert looks == []
    assert all(seconds == backends.POLL_S for seconds in slept)


def test_where_nothing_works_every_reason_is_told() -> None:
    with pytest.raises(NoTray, match=r"status-notifier: no panel; x11: no display"):
        backends.wait(0.0, lambda: (NO_SNI, NO_X11))


@linux
def test_without_a_desktop_check_says_so_as_plain_data() -> None:
    bare = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    command = [sys.executable, "-P", "-m", "tray", "--check", "--json"]
    ran = subprocess.run(
        command, env=bare, capture_output=True, text=True, encoding="utf-8", check=False
    )
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["ok"], told["backend"], told["menu"]) == (1, False, None, False)
    assert [backend["name"] for backend in told["backends"]] == ["status-notifier", "x11"]
    assert "There is no graphical session here" in told["detail"]
    assert told["fix"] == ""


@linux
def test_an_entry_that_starts_what_is_gone_is_found(tmp_path: Path) -> None:
    entry = Xdg(tmp_path)
    entry.switch_on([str(tmp_path / "old-venv" / "python"), "-m", "tray"])
    told = backends.facts(entry)
    assert (told["ok"], told["starts_at_login"], told["start_command_exists"]) == (
        False,
        True,
        False,
    )
    assert "old-venv" in told["detail"]
    assert "off and on again" in told["fix"]
    assert backends.facts(None)["starts_at_login"] is None

"""The entry for starting at login, as each system wants it."""

import plistlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tray.autostart import Autostart, LaunchAgent, RunKey, Xdg, find

COMMAND = ["/opt/my apps/python", "-P", "-m", "tray", "--home", '/home/a"$b`\\c/100%']


class FakeRegistry:
    """The calls of `winreg` that are used, over a dict."""

    HKEY_CURRENT_USER, REG_SZ = object(), 1

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}

    @contextmanager
    def OpenKey(self, root: object, key: str) -> Iterator[str]:  # noqa: N802  # winreg's name
        assert root is self.HKEY_CURRENT_USER
        yield key

    CreateKey = OpenKey

    def QueryValueEx(self, key: str, name: str) -> tuple[Any, int]:  # noqa: N802
        try:
            return self.values[key, name], 1
        except KeyError:
            raise FileNotFoundError(name) from None

    def SetValueEx(self, key: str, name: str, _: int, kind: int, value: Any) -> None:  # noqa: N802
        assert kind == self.REG_SZ
        self.values[key, name] = value

    def DeleteValue(self, key: str, name: str) -> None:  # noqa: N802
        if self.values.pop((key, name), None) is None:
            raise FileNotFoundError(name)


@pytest.fixture(params=["xdg", "macos", "windows"])
def autostart(request: pytest.FixtureRequest, tmp_path: Path) -> Autostart:
    kinds: dict[str, Autostart] = {
        "xdg": Xdg(tmp_path / "config"),
        "macos": LaunchAgent(tmp_path / "Library"),
        "windows": RunKey(FakeRegistry()),
    }
    return kinds[request.param]


def test_it_is_off_until_it_is_switched_on_and_stays_off_once_switched_off(
    autostart: Autostart,
) -> None:
    assert not autostart.is_on
    autostart.switch_on(["/usr/bin/python3", "-P", "-m", "tray"])
    assert autostart.command() == ["/usr/bin/python3", "-P", "-m", "tray"]
    autostart.switch_on(["/usr/bin/python4", "-m", "tray"])
    assert autostart.command()[0] == "/usr/bin/python4"
    autostart.switch_off()
    autostart.switch_off()
    assert not autostart.is_on


def test_a_desktop_entry_holds_any_path_and_is_valid(tmp_path: Path) -> None:
    entry = Xdg(tmp_path)
    entry.switch_on(COMMAND)
    assert entry.command() == COMMAND
    if checker := shutil.which("desktop-file-validate"):
        ran = subprocess.run(
            [checker, entry.path], capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktops_settings_switched_off_is_off(tmp_path: Path, line: str) -> None:
    entry = Xdg(tmp_path)
    entry.switch_on(["/usr/bin/python3"])
    entry.path.write_text(entry.path.read_text("utf-8") + line + "\n", encoding="utf-8")
    assert not entry.is_on


def test_a_launch_agent_runs_at_load_and_is_off_when_disabled(tmp_path: Path) -> None:
    agent = LaunchAgent(tmp_path)
    agent.switch_on(COMMAND)
    found = plistlib.loads(agent.path.read_bytes())
    assert (found["RunAtLoad"], found["ProgramArguments"]) == (True, COMMAND)
    assert "KeepAlive" not in found
    agent.path.write_bytes(plistlib.dumps({**found, "Disabled": True}))
    assert not agent.is_on
    agent.path.write_bytes(b"no plist")
    assert not agent.is_on


def test_the_task_managers_switch_counts_and_is_undone_by_switching_on() -> None:
    registry = FakeRegistry()
    key = RunKey(registry)
    key.switch_on(["C:\\Program Files\\routerd\\routerd-tray.exe", "--at-login"])
    assert key.command() == ["C:\\Program Files\\routerd\\routerd-tray.exe", "--at-login"]
    registry.values[RunKey.APPROVED, "routerd-tray"] = b"\x03" + bytes(11)
    assert not key.is_on
    key.switch_on(["C:\\r.exe"])
    assert key.command() == ["C:\\r.exe"]


def test_on_linux_the_users_configuration_folder_is_used(tmp_path: Path) -> None:
    found = find({"XDG_CONFIG_HOME": str(tmp_path)})
    if isinstance(found, Xdg):
        assert found.path == tmp_path / "autostart" / "routerd-tray.desktop"
        relative = find({"XDG_CONFIG_HOME": "not/absolute"})
        assert isinstance(relative, Xdg)
        assert relative.path.is_relative_to(Path.home())

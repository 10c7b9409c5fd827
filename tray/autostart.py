"""Start at login: one entry per user, written and removed on a click and by nothing else.

The entry itself is the setting. No start, restart or update of routerd looks at it or writes it,
so it can't come back by itself; and where the desktop's own settings switched it off, it is off.
"""

import os
import plistlib
import re
import shlex
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

NAME = "routerd-tray"
LABEL = "dev.routerd.tray"
_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')


class Autostart(ABC):
    """What starts the tray at login on one system."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return what is started at login; [] where nothing is."""

    @abstractmethod
    def switch_on(self, command: Sequence[str]) -> None:
        """Write the entry. Raises: OSError."""

    @abstractmethod
    def switch_off(self) -> None:
        """Remove the entry. Raises: OSError."""

    @property
    def is_on(self) -> bool:
        """Whether the tray starts at login."""
        return bool(self.command())


class Xdg(Autostart):
    """Linux: a .desktop file in the user's autostart folder."""

    def __init__(self, configuration: Path) -> None:
        self.path = configuration / "autostart" / f"{NAME}.desktop"

    @override
    def command(self) -> list[str]:
        try:
            text = self.path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return []
        pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
        found = {key.strip(): value.strip() for key, _, value in pairs}
        hidden = found.get("Hidden", "false").lower() == "true"
        # GNOME's settings switch an entry off by this.
        kept_off = found.get("X-GNOME-Autostart-enabled", "true").lower() == "false"
        return [] if hidden or kept_off else _unquoted(found.get("Exec", ""))

    @override
    def switch_on(self, command: Sequence[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = (
            "[Desktop Entry]",
            "Type=Application",
            "Name=routerd",
            "Comment=routerd's icon in the tray",
            f"Exec={' '.join(map(_quoted, command))}",
            "Terminal=false",
            "X-GNOME-Autostart-enabled=true",
        )
        _write(self.path, "\n".join(lines) + "\n")

    @override
    def switch_off(self) -> None:
        self.path.unlink(missing_ok=True)


def _quoted(word: str) -> str:
    """Return a word as the Desktop Entry Specification wants it in Exec."""
    text = word.replace("%", "%%")
    if text and all(c.isalnum() or c in "-_./=:+,@%" for c in text):
        return text
    for special in '\\"`$':
        text = text.replace(special, "\\" + special)
    # The file's own escaping comes on top of that of Exec.
    return '"' + text.replace("\\", "\\\\") + '"'


def _unquoted(line: str) -> list[str]:
    words = _WORD.findall(line.replace("\\\\", "\\"))
    plain = [bare or re.sub(r"\\(.)", r"\1", quoted) for quoted, bare in words]
    return [word.replace("%%", "%") for word in plain]


class LaunchAgent(Autostart):
    """macOS: a property list in the user's LaunchAgents folder."""

    def __init__(self, library: Path) -> None:
        self.path = library / "LaunchAgents" / f"{LABEL}.plist"

    @override
    def command(self) -> list[str]:
        try:
            found = plistlib.loads(self.path.read_bytes())
        except (OSError, ValueError, plistlib.InvalidFileException):
            return []
        if not found.get("RunAtLoad", False) or found.get("Disabled", False):
            return []
        return [str(word) for word in found.get("ProgramArguments", [])]

    @override
    def switch_on(self, command: Sequence[str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        entry = {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
        _write(self.path, plistlib.dumps(entry).decode("utf-8"))

    @override
    def switch_off(self) -> None:
        self.path.unlink(missing_ok=True)


class RunKey(Autostart):
    """Windows: a value of the user's Run key. `registry` is the module winreg."""

    KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
    # Where the Task Manager keeps what it switched off: an odd first byte.
    APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"

    def __init__(self, registry: Any) -> None:
        self._registry = registry

    @override
    def command(self) -> list[str]:
        state = self._value(self.APPROVED)
        line = self._value(self.KEY)
        if not isinstance(line, str) or (isinstance(state, bytes) and state[:1] and state[0] % 2):
            return []
        return [word.strip('"') for word in shlex.split(line, posix=False)]

    def _value(self, key: str) -> Any:
        registry = self._registry
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, key) as opened:
                return registry.QueryValueEx(opened, NAME)[0]
        except OSError:
            return None

    @override
    def switch_on(self, command: Sequence[str]) -> None:
        registry = self._registry
        line = " ".join(f'"{word}"' if " " in word else word for word in command)
        with registry.CreateKey(registry.HKEY_CURRENT_USER, self.KEY) as opened:
            registry.SetValueEx(opened, NAME, 0, registry.REG_SZ, line)
        self._remove(self.APPROVED)

    @override
    def switch_off(self) -> None:
        self._remove(self.KEY)

    def _remove(self, key: str) -> None:
        registry = self._registry
        try:
            with registry.CreateKey(registry.HKEY_CURRENT_USER, key) as opened:
                registry.DeleteValue(opened, NAME)
        except FileNotFoundError:
            return


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def find(environment: Mapping[str, str] = os.environ) -> Autostart | None:
    """Return this system's; None where it has none that is known."""
    if sys.platform == "win32":
        import winreg

        return RunKey(winreg)
    here = Path.home()
    if sys.platform == "darwin":
        return LaunchAgent(here / "Library")
    configuration = environment.get("XDG_CONFIG_HOME", "")
    return Xdg(Path(configuration) if os.path.isabs(configuration) else here / ".config")

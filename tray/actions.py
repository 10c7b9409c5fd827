"""Carries out what was clicked: asks the daemon and waits for its answer, off the icon's thread."""

import os
import subprocess  # starts this same product
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from routerd.client import DaemonClient, DaemonError, NotRunning
from tray import commands
from tray.autostart import Autostart
from tray.view import Action

START_S = 90.0


class NotDone(Exception):
    """It was not done; the text says why, for the menu."""


class Actions:
    """What the menu can ask for; every one blocks until it is answered."""

    def __init__(self, home: Path, client: DaemonClient, autostart: Autostart | None) -> None:
        self._home = home
        self._client = client
        self._autostart = autostart
        self._known: dict[str, Callable[[str], None]] = {
            "offline": self._offline,
            "profile": self._profile,
            "pause": self._pause,
            "resume": lambda _: self._post("/control/resume", {}),
            "dashboard": lambda _: self._open("/dashboard/"),
            "why": lambda decision: self._open(f"/dashboard/?d={decision}"),
            "egress": lambda _: self._open("/dashboard/egress"),
            "login": self._login,
            "start": self._start,
            "stop": lambda _: self._post("/control/shutdown", {}),
        }

    def carry_out(self, action: Action) -> None:
        """Do it. Raises: NotDone."""
        try:
            self._known[action.name](action.value)
        except KeyError:
            raise NotDone(f"This icon does not know '{action.name}'.") from None
        except (NotRunning, DaemonError, OSError) as error:
            raise NotDone(str(error)) from error

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(path, body)

    def _offline(self, wanted: str) -> None:
        offline = wanted == "on"
        found = self._post("/control/offline", {"offline": offline, "by": "tray"})
        if found.get("offline") is not offline:
            raise NotDone(f"Offline mode is still {'off' if offline else 'on'}.")

    def _profile(self, name: str) -> None:
        self._post("/control/profile", {"profile": name})

    def _pause(self, seconds: str) -> None:
        self._post("/control/pause", {"for_s": int(seconds)} if seconds else {})

    def _open(self, path: str) -> None:
        """Open the dashboard by a link that works once, so that no token is in an address."""
        found = self._post("/control/dashboard-link", {"to": path})
        if not webbrowser.open(found["url"]):
            raise NotDone("No browser could be opened; `routerd dashboard` prints the link.")

    def _login(self, wanted: str) -> None:
        if self._autostart is None:
            raise NotDone("Starting at login can't be set on this system.")
        if wanted == "off":
            self._autostart.switch_off()
            return
        more = [] if self._home == commands.usual_home() else ["--home", str(self._home)]
        self._autostart.switch_on(commands.tray("--at-login", *more))

    def _start(self, _: str) -> None:
        environment = {**os.environ, "ROUTERD_HOME": str(self._home)}
        try:
            done = subprocess.run(  # noqa: S603  # this product's own program
                commands.routerd("up", "--json"),
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=START_S,
                check=False,
                **_quiet(),
            )
        except subprocess.TimeoutExpired:
            raise NotDone(f"routerd was not ready within {START_S:.0f} s.") from None
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise NotDone(words[-1] if words else "routerd could not be started.")


def _quiet() -> dict[str, Any]:
    """Keep Windows from opening a console window for a moment."""
    flag = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    return {"creationflags": flag} if flag else {}

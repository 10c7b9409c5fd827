"""Which kind of icon this desktop can show, and why not another: plain facts, also for doctor."""

import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tray.autostart import Autostart
from tray.face import Face, Handlers

AT_LOGIN_S = 60.0
POLL_S = 1.0
GNOME = (
    "GNOME shows such icons only with the extension AppIndicator and KStatusNotifierItem Support"
)


class NoTray(Exception):
    """Nothing here can show an icon; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of icon: whether it would work now, whether it has a menu, and why not."""

    name: str
    usable: bool
    menu: bool = True
    reason: str = ""


def survey(platform: str = sys.platform) -> tuple[Backend, ...]:
    """Return every kind there is for this system, the best first."""
    if platform == "linux":
        return _status_notifier(), _x11()
    return (_pystray(),)


def _status_notifier() -> Backend:
    from tray.session_bus import NoBus, SessionBus
    from tray.status_notifier import StatusNotifier

    name = StatusNotifier.name
    try:
        bus = SessionBus()
    except NoBus as error:
        return Backend(name, False, reason=f"there is no session bus ({error})")
    try:
        there = bus.owned("org.kde.StatusNotifierWatcher")
    except NoBus as error:
        return Backend(name, False, reason=str(error))
    finally:
        bus.close()
    gnome = "gnome" in os.environ.get("XDG_CURRENT_DESKTOP", "").lower()
    reason = GNOME if gnome else "no panel of this session shows StatusNotifierItem icons"
    return Backend(name, there, reason="" if there else reason)


def _x11() -> Backend:
    from tray import x11_icon

    name = x11_icon.X11Icon.name
    try:
        there = x11_icon.tray_there()
    except x11_icon.NoDisplay as error:
        return Backend(name, False, reason=f"there is no X display ({error})")
    return Backend(name, there, reason="" if there else "no system tray runs on this X display")


def _pystray() -> Backend:
    from tray.pystray_face import PystrayFace, Unusable, load

    try:
        load()
    except Unusable as error:
        return Backend(PystrayFace.name, False, reason=str(error))
    return Backend(PystrayFace.name, True)


def choose(found: Iterable[Backend]) -> Backend:
    """Return the first that works. Raises: NoTray."""
    backends = tuple(found)
    for backend in backends:
        if backend.usable:
            return backend
    reasons = "; ".join(f"{backend.name}: {backend.reason}" for backend in backends)
    where = "This desktop has no tray" if graphical() else "There is no graphical session here"
    raise NoTray(f"{where} ({reasons}).")


def graphical() -> bool:
    """Whether a desktop is there at all."""
    told = (os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return sys.platform != "linux" or any(told)


def wait(
    limit_s: float,
    look: Callable[[], tuple[Backend, ...]] = survey,
    sleep: Callable[[float], None] = time.sleep,
) -> Backend:
    """Return what works, waiting for it: at login the tray may start before the panel does.

    The best is preferred for a moment, because a panel may bring both up one after the other.
    Raises: NoTray.
    """
    end_s = time.monotonic() + limit_s
    while True:
        found = look()
        if found[0].usable or time.monotonic() >= end_s:
            return choose(found)
        if any(backend.usable for backend in found):
            sleep(POLL_S)
            return choose(look())
        sleep(POLL_S)


def face(backend: Backend) -> Callable[[Handlers], Face]:
    """Return what builds the icon of that kind."""
    if backend.name == "status-notifier":
        from tray.status_notifier import StatusNotifier

        return StatusNotifier
    if backend.name == "x11":
        from tray.x11_icon import X11Icon

        return X11Icon
    from tray.pystray_face import PystrayFace

    return PystrayFace


def facts(autostart: Autostart | None) -> dict[str, Any]:
    """Return everything doctor says of the tray, as plain data.

    ok · detail and fix (for a person; fix is '' where nothing is to be done) · backend: name or
    None · menu · backends (each with name, usable, menu, reason) · starts_at_login (None: can't be
    set) · start_command · start_command_exists.
    """
    found = survey()
    chosen: Backend | None = None
    try:
        chosen = choose(found)
        detail = f"{chosen.name}, {'with a menu' if chosen.menu else 'without a menu'}"
    except NoTray as error:
        detail = str(error)
    command = autostart.command() if autostart else []
    stale = bool(command) and not os.path.exists(command[0])
    return {
        "ok": chosen is not None and not stale,
        "detail": f"{detail}; what starts it at login is gone: {command[0]}" if stale else detail,
        "fix": _fix(chosen, stale),
        "backend": chosen.name if chosen else None,
        "menu": bool(chosen and chosen.menu),
        "backends": [asdict(backend) for backend in found],
        "starts_at_login": bool(command) if autostart else None,
        "start_command": command,
        "start_command_exists": not stale,
    }


def _fix(chosen: Backend | None, stale: bool) -> str:
    if stale:
        return "switch Start at login off and on again in the icon's menu"
    if chosen is None and sys.platform == "linux" and graphical():
        return f"{GNOME}; elsewhere add a system tray to the panel"
    return ""

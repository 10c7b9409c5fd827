"""Shows a notification by the desktop's own service, else by whoever shows the icon."""

import logging
import sys
from collections.abc import Callable

from tray.notices import Notice

_log = logging.getLogger(__name__)
Show = Callable[[str, str], bool]


def show(notice: Notice, by_icon: Show) -> bool:
    """Show it; False where nothing here can."""
    shown = by_icon(notice.title, notice.text)
    if not shown and sys.platform == "linux":
        shown = _by_desktop(notice)
    if not shown:
        _log.info("no notification service took: %s", notice.title)
    return shown


def _by_desktop(notice: Notice) -> bool:
    """Ask org.freedesktop.Notifications; its bodies may hold markup, so ours is escaped."""
    from jeepney import DBusAddress

    from tray.session_bus import NoBus, SessionBus

    name = "org.freedesktop.Notifications"
    where = DBusAddress("/org/freedesktop/Notifications", bus_name=name, interface=name)
    text = notice.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    hints = {"urgency": ("y", 1), "category": ("s", "network")}
    body: tuple[object, ...] = ("routerd", 0, "", notice.title, text, [], hints, -1)
    try:
        bus = SessionBus()
    except NoBus:
        return False
    try:
        bus.call(where, "Notify", "susssasa{sv}i", body)
    except NoBus as error:
        _log.info("no notification: %s", error)
        return False
    finally:
        bus.close()
    return True

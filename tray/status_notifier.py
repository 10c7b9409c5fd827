"""The icon as a StatusNotifierItem: KDE, GNOME with its extension, Cinnamon, Xfce, waybar, …

The protocol is spoken over the session bus alone, so it needs neither X nor a toolkit.
Source: freedesktop.org StatusNotifierItem; what panels really read of it: KDE's and GNOME's.
"""

import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jeepney import DBusAddress
from typing_extensions import override

from tray import dbusmenu, icon
from tray.dbusmenu import MenuModel
from tray.face import Face, Handlers
from tray.session_bus import Answer, BusObject, NoBus, SessionBus
from tray.view import Look, View

WATCHER = "org.kde.StatusNotifierWatcher"
WATCHER_AT = DBusAddress("/StatusNotifierWatcher", bus_name=WATCHER, interface=WATCHER)
ITEM_XML = """<interface name="org.kde.StatusNotifierItem">
<property name="Category" type="s" access="read"/><property name="Id" type="s" access="read"/>
<property name="Title" type="s" access="read"/><property name="Status" type="s" access="read"/>
<property name="WindowId" type="i" access="read"/><property name="IconName" type="s" access="read"/>
<property name="IconPixmap" type="a(iiay)" access="read"/>
<property name="ToolTip" type="(sa(iiay)ss)" access="read"/>
<property name="ItemIsMenu" type="b" access="read"/><property name="Menu" type="o" access="read"/>
<method name="Activate"><arg type="i" direction="in"/><arg type="i" direction="in"/></method>
<method name="SecondaryActivate"><arg type="i" direction="in"/><arg type="i" direction="in"/></method>
<method name="ContextMenu"><arg type="i" direction="in"/><arg type="i" direction="in"/></method>
<method name="Scroll"><arg type="i" direction="in"/><arg type="s" direction="in"/></method>
<signal name="NewTitle"/><signal name="NewIcon"/><signal name="NewToolTip"/>
<signal name="NewStatus"><arg type="s"/></signal></interface>"""
MENU_XML = """<interface name="com.canonical.dbusmenu">
<property name="Version" type="u" access="read"/><property name="TextDirection" type="s" access="read"/>
<property name="Status" type="s" access="read"/><property name="IconThemePath" type="as" access="read"/>
<method name="GetLayout"><arg type="i" direction="in"/><arg type="i" direction="in"/>
<arg type="as" direction="in"/><arg type="u" direction="out"/><arg type="(ia{sv}av)" direction="out"/></method>
<method name="GetGroupProperties"><arg type="ai" direction="in"/><arg type="as" direction="in"/>
<arg type="a(ia{sv})" direction="out"/></method>
<method name="GetProperty"><arg type="i" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/></method>
<method name="Event"><arg type="i" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/>
<arg type="u" direction="in"/></method>
<method name="EventGroup"><arg type="a(isvu)" direction="in"/><arg type="ai" direction="out"/></method>
<method name="AboutToShow"><arg type="i" direction="in"/><arg type="b" direction="out"/></method>
<method name="AboutToShowGroup"><arg type="ai" direction="in"/><arg type="ai" direction="out"/>
<arg type="ai" direction="out"/></method>
<signal name="LayoutUpdated"><arg type="u"/><arg type="i"/></signal>
<signal name="ItemsPropertiesUpdated"><arg type="a(ia{sv})"/><arg type="a(ias)"/></signal></interface>"""
_DONE: Answer = ("", ())


@lru_cache(maxsize=8)
def pixmaps(look: Look) -> list[tuple[int, int, bytes]]:
    """Return the icon in all sizes as (width, height, ARGB32 in network byte order).

    Drawing takes 20 ms, and people switch between few states.
    """
    found = []
    for size in icon.SIZES:
        red, green, blue, alpha = icon.draw(look, size).split()
        planes = (alpha.tobytes(), red.tobytes(), green.tobytes(), blue.tobytes())
        pixels = bytearray(4 * size * size)
        for offset, plane in enumerate(planes):
            pixels[offset::4] = plane
        found.append((size, size, bytes(pixels)))
    return found


class StatusNotifier(Face):
    """Implements `face.Face`. It stays when the panel restarts, and comes back with it."""

    name = "status-notifier"

    def __init__(self, handlers: Handlers) -> None:
        """Connect to the session bus. Raises: NoBus."""
        super().__init__(handlers)
        self._bus = SessionBus()
        self._lock = threading.Lock()
        self._next: View | None = None
        self._view: View | None = None
        self._pixmaps: list[tuple[int, int, bytes]] = []
        self._menu = MenuModel()
        self._item = BusObject("/StatusNotifierItem", "org.kde.StatusNotifierItem", ITEM_XML)
        self._item.properties = self._properties
        self._item.methods = {
            "Activate": self._activate,
            "SecondaryActivate": self._activate,
            "ContextMenu": lambda *_: _DONE,
            "Scroll": lambda *_: _DONE,
        }
        self._menu_object = BusObject("/MenuBar", "com.canonical.dbusmenu", MENU_XML)
        self._menu_object.properties = lambda: _MENU_PROPERTIES
        self._menu_object.methods = self._menu_methods()
        self._service = f"org.kde.StatusNotifierItem-{os.getpid()}-1"

    @override
    def run(self) -> None:
        """Register, and serve until `stop` or the end of the session."""
        self._bus.serve(self._item)
        self._bus.serve(self._menu_object)
        try:
            self._bus.request(self._service)
            self._bus.on_owner_change(WATCHER, self._watcher_changed)
            if self._bus.owned(WATCHER):
                self._register()
        except NoBus as error:
            raise RuntimeError(f"the session bus refused: {error}") from error
        self._bus.run(self._woken)

    def _watcher_changed(self, there: bool) -> None:
        if there:
            self._register()

    def _register(self) -> None:
        try:
            self._bus.call(WATCHER_AT, "RegisterStatusNotifierItem", "s", (self._service,))
        except NoBus as error:
            self.log.warning("the panel did not take the icon: %s", error)
        else:
            self.handlers.shown()

    @override
    def show(self, view: View) -> None:
        with self._lock:
            self._next = view
        self._bus.wake()

    @override
    def stop(self) -> None:
        self._bus.stop()

    def _woken(self) -> None:
        with self._lock:
            view, self._next = self._next, None
        if view is None:
            return
        before, self._view = self._view, view
        # The menu first: it may be open.
        if self._menu.show(view.items):
            self._bus.emit(self._menu_object, "LayoutUpdated", "ui", (self._menu.revision, 0))
        if before is None or before.look != view.look:
            self._pixmaps = pixmaps(view.look)
            self._bus.emit(self._item, "NewIcon")
        if before is None or before.title != view.title:
            self._bus.emit(self._item, "NewTitle")
            self._bus.emit(self._item, "NewToolTip")

    def _properties(self) -> dict[str, tuple[str, Any]]:
        title = self._view.title if self._view else "routerd"
        return {
            "Category": ("s", "SystemServices"),
            "Id": ("s", "routerd"),
            "Title": ("s", title),
            "Status": ("s", "Active"),
            "WindowId": ("i", 0),
            "IconName": ("s", ""),
            "IconPixmap": ("a(iiay)", self._pixmaps),
            "OverlayIconName": ("s", ""),
            "AttentionIconName": ("s", ""),
            "ToolTip": ("(sa(iiay)ss)", ("", [], title, "")),
            # A click of any button shows the menu.
            "ItemIsMenu": ("b", True),
            "Menu": ("o", self._menu_object.path),
        }

    def _activate(self, *_: int) -> Answer:
        self.activate(self._view)
        return _DONE

    def _menu_methods(self) -> dict[str, Callable[..., Answer]]:
        menu = self._menu

        def layout(parent: int, depth: int, names: list[str]) -> Answer:
            if not menu.knows(parent):
                raise ValueError(f"there is no item {parent}")
            return "u(ia{sv}av)", (menu.revision, menu.layout(parent, depth, names))

        def event(number: int, kind: str, *_: Any) -> Answer:
            self._event(number, kind)
            return _DONE

        def events(all_of_them: list[tuple[int, str, Any, int]]) -> Answer:
            for number, kind, *_ in all_of_them:
                self._event(number, kind)
            return "ai", ([n for n, *_ in all_of_them if not menu.knows(n)],)

        def group(numbers: list[int], names: list[str]) -> Answer:
            return "a(ia{sv})", (menu.group(numbers, names),)

        return {
            "GetLayout": layout,
            "GetGroupProperties": group,
            "GetProperty": lambda number, name: ("v", (menu.properties(number)[name],)),
            "Event": event,
            "EventGroup": events,
            "AboutToShow": lambda number: ("b", (self._about_to_show(number),)),
            "AboutToShowGroup": lambda numbers: (
                "aiai",
                ([], [n for n in numbers if not menu.knows(n)]),
            ),
        }

    def _about_to_show(self, number: int) -> bool:
        if number == dbusmenu.ROOT:
            self.handlers.looked()
        return False

    def _event(self, number: int, kind: str) -> None:
        action = self._menu.action(number)
        if kind == "clicked" and action is not None:
            self.handlers.chosen(action)
        elif kind == "opened" and number == dbusmenu.ROOT:
            self.handlers.looked()


_MENU_PROPERTIES = {
    "Version": ("u", dbusmenu.VERSION),
    "TextDirection": ("s", "ltr"),
    "Status": ("s", "normal"),
    "IconThemePath": ("as", []),
}

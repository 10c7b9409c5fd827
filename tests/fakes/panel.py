"""A panel as KDE's and GNOME's are: the StatusNotifierWatcher and the reader of an icon's menu.

It runs on a message bus of its own, a real one, and speaks the protocol by jeepney's plain
messages: nothing of the tray's own bus code is in it.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.blocking import open_dbus_connection

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
DEADLINE_S = 20.0


@contextmanager
def message_bus_running() -> Iterator[str]:
    """Run a session bus of its own; yield its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as bus:
        assert bus.stdout is not None
        try:
            yield bus.stdout.readline().decode().strip()
        finally:
            bus.terminate()


class Panel:
    """Owns the watcher's name and reads the icon that registers. A context manager."""

    def __init__(self, address: str) -> None:
        self._connection = open_dbus_connection(address)
        self.signals: list[str] = []
        self.notifications: list[tuple[Any, ...]] = []
        self._service = ""
        self._lock = threading.Lock()

    def __enter__(self) -> "Panel":
        self._ask(message_bus.RequestName(WATCHER))
        self._ask(message_bus.RequestName("org.freedesktop.Notifications"))
        for interface in (ITEM, MENU):
            self._ask(message_bus.AddMatch(f"type='signal',interface='{interface}'"))
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def leave(self) -> None:
        """Give the watcher's name up, as a panel does that restarts."""
        self._ask(message_bus.ReleaseName(WATCHER))
        self._service = ""

    def come_back(self) -> None:
        """Take the name again."""
        self._ask(message_bus.RequestName(WATCHER))

    def _ask(self, message: Message) -> tuple[Any, ...]:
        """Send a call and wait for its answer, serving what comes meanwhile."""
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message, serial=serial)
        while True:
            came = self._connection.receive(timeout=DEADLINE_S)
            if came.header.fields.get(HeaderFields.reply_serial) == serial:
                assert came.header.message_type == MessageType.method_return, came.body
                return tuple(came.body)
            self._serve(came)

    def until(self, true: Callable[[], bool], what: str = "") -> None:
        """Serve until it is true."""
        end_s = time.monotonic() + DEADLINE_S
        while not true():
            assert time.monotonic() < end_s, what or "what was waited for did not come"
            try:
                self._serve(self._connection.receive(timeout=0.05))
            except TimeoutError:
                continue

    def _serve(self, message: Message) -> None:
        fields = message.header.fields
        member = str(fields.get(HeaderFields.member, ""))
        if message.header.message_type == MessageType.signal:
            self.signals.append(member)
        elif message.header.message_type == MessageType.method_call:
            self._connection.send(self._answer(message, member))

    def _answer(self, message: Message, member: str) -> Message:
        if member == "RegisterStatusNotifierItem":
            self._service = str(message.body[0])
            return new_method_return(message)
        if member == "Notify":
            self.notifications.append(tuple(message.body))
            return new_method_return(message, "u", (len(self.notifications),))
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")

    def wait_for_icon(self) -> None:
        """Wait until an icon has registered."""
        self.until(lambda: bool(self._service), "no icon registered")

    def _item(self, interface: str, path: str) -> DBusAddress:
        return DBusAddress(path, bus_name=self._service, interface=interface)

    def properties(self) -> dict[str, Any]:
        """Return all properties of the icon, without their types."""
        found = self._ask(Properties(self._item(ITEM, "/StatusNotifierItem")).get_all())[0]
        return {name: value for name, (_, value) in found.items()}

    def _menu(self, method: str, signature: str, body: tuple[Any, ...]) -> tuple[Any, ...]:
        where = self._item(MENU, self.properties()["Menu"])
        return self._ask(new_method_call(where, method, signature, body))

    def layout(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Return label -> (id, properties) of every line, lists unfolded."""
        self._menu("AboutToShow", "i", (0,))
        _, root = self._menu("GetLayout", "iias", (0, -1, []))
        return dict(_lines(root))

    def properties_of(self, label: str) -> dict[str, Any]:
        """Return the properties of the line with that label; {} where there is none now."""
        return self.layout().get(label, (0, {}))[1]

    def click(self, label: str) -> None:
        """Click the line with that label, once it is there and can be clicked."""
        self.until(lambda: self.properties_of(label).get("enabled", label in self.layout()), label)
        number = self.layout()[label][0]
        self._menu("Event", "isvu", (number, "clicked", ("s", ""), 0))


def _lines(node: Any) -> Iterator[tuple[str, tuple[int, dict[str, Any]]]]:
    number, properties, children = node
    plain = {name: value for name, (_, value) in properties.items()}
    yield plain.get("label", f"#{number}"), (number, plain)
    for _, child in children:
        yield from _lines(child)

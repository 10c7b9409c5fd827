"""A connection to the desktop's session bus that answers calls; Linux only, no compiled library."""

import logging
import os
import select
from collections.abc import Callable, Mapping
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

CALL_S = 5.0
Answer = tuple[str, tuple[Any, ...]]
Method = Callable[..., Answer]
_log = logging.getLogger(__name__)


class NoBus(Exception):
    """There is no session bus, or it does not answer."""


def address(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the session bus, found as libdbus finds it. Raises: NoBus."""
    told = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    if told:
        return told
    usual = f"{environment.get('XDG_RUNTIME_DIR', '')}/bus"
    if usual.startswith("/run/") and os.path.exists(usual):
        return f"unix:path={usual}"
    raise NoBus("DBUS_SESSION_BUS_ADDRESS is not set")


class BusObject:
    """What is served at one path: methods and properties of one interface."""

    def __init__(self, path: str, interface: str, xml: str) -> None:
        self.path, self.interface, self.xml = path, interface, xml
        self.methods: dict[str, Method] = {}
        self.properties: Callable[[], Mapping[str, tuple[str, Any]]] = dict


class SessionBus:
    """One connection; `run` owns it, and `wake` may be called from any thread."""

    def __init__(self) -> None:
        """Connect. Raises: NoBus."""
        try:
            self._connection: DBusConnection = open_dbus_connection(address())
        except (OSError, RuntimeError, ValueError) as error:
            raise NoBus(str(error) or type(error).__name__) from None
        self._objects: dict[str, BusObject] = {}
        self._signals: dict[str, Callable[[Message], None]] = {}
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._running = True

    @property
    def name(self) -> str:
        """The connection's own name."""
        return str(self._connection.unique_name)

    def serve(self, served: BusObject) -> None:
        """Answer calls to this object."""
        self._objects[served.path] = served

    def call(
        self, where: DBusAddress, method: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> tuple[Any, ...]:
        """Call a method and return its answer; calls of others are answered meanwhile.

        Raises: NoBus where it is refused or late.
        """
        message = new_method_call(where, method, signature or None, body)
        return self._reply(message)

    def _reply(self, message: Message) -> tuple[Any, ...]:
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message, serial=serial)
        try:
            while True:
                came = self._connection.receive(timeout=CALL_S)
                if came.header.fields.get(HeaderFields.reply_serial) != serial:
                    self._handle(came)
                elif came.header.message_type == MessageType.error:
                    raise NoBus(f"{came.header.fields.get(HeaderFields.error_name)} {came.body}")
                else:
                    return tuple(came.body)
        except (OSError, TimeoutError) as error:
            raise NoBus(str(error) or "the bus did not answer in time") from None

    def owned(self, name: str) -> bool:
        """Whether somebody owns the name. Raises: NoBus."""
        return bool(self._reply(message_bus.NameHasOwner(name))[0])

    def request(self, name: str) -> None:
        """Take a name for this connection. Raises: NoBus."""
        self._reply(message_bus.RequestName(name))

    def on_owner_change(self, name: str, then: Callable[[bool], None]) -> None:
        """Call `then` whenever somebody takes (True) or gives up (False) the name. Raises: NoBus."""
        rule = MatchRule(
            type="signal",
            sender="org.freedesktop.DBus",
            interface="org.freedesktop.DBus",
            member="NameOwnerChanged",
        )
        rule.add_arg_condition(0, name)
        self._reply(message_bus.AddMatch(rule))
        self._signals["NameOwnerChanged"] = lambda m: then(bool(m.body[2]))

    def emit(
        self, served: BusObject, signal: str, signature: str = "", body: tuple[Any, ...] = ()
    ) -> None:
        """Send a signal of a served object; only from the thread that runs."""
        emitter = DBusAddress(served.path, interface=served.interface)
        self._connection.send(new_signal(emitter, signal, signature or None, body))

    def close(self) -> None:
        """Close the connection and the pipe behind `wake`."""
        self._connection.close()
        os.close(self._reader)
        os.close(self._writer)

    def wake(self) -> None:
        """Have `run` call its `woken`."""
        try:
            os.write(self._writer, b"w")
        except BlockingIOError:
            return  # it will wake anyway

    def stop(self) -> None:
        """Have `run` return; may be called from a signal handler."""
        self._running = False
        self.wake()

    def run(self, woken: Callable[[], None]) -> None:
        """Answer calls until `stop`, or until the bus is gone with its session."""
        woken()
        try:
            while self._running:
                self._drain()
                ready, _, _ = select.select([self._connection.sock, self._reader], [], [])
                if self._reader in ready:
                    os.read(self._reader, 4096)
                    woken()
        except (OSError, EOFError) as error:
            _log.info("the session bus is gone: %s", error)
        finally:
            self._connection.close()

    def _drain(self) -> None:
        while True:
            try:
                message = self._connection.receive(timeout=0)
            except TimeoutError:
                return
            self._handle(message)

    def _handle(self, message: Message) -> None:
        kind, fields = message.header.message_type, message.header.fields
        member = str(fields.get(HeaderFields.member, ""))
        if kind == MessageType.signal and member in self._signals:
            self._signals[member](message)
        elif kind == MessageType.method_call:
            self._connection.send(self._answer(message, member))

    def _answer(self, message: Message, member: str) -> Message:
        fields = message.header.fields
        served = self._objects.get(str(fields.get(HeaderFields.path)))
        interface = fields.get(HeaderFields.interface)
        try:
            if interface == "org.freedesktop.DBus.Peer":
                return new_method_return(message)
            if served is None:
                return _unknown(message, "UnknownObject")
            signature, body = _reply_of(served, interface, member, message.body)
        except LookupError:
            return _unknown(message, "UnknownMethod")
        except (TypeError, ValueError) as error:
            return new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", "s", (str(error),))
        return new_method_return(message, signature or None, body)


def _reply_of(served: BusObject, interface: Any, member: str, body: tuple[Any, ...]) -> Answer:
    """Return the answer to a call. Raises: LookupError for what is not there."""
    if interface == "org.freedesktop.DBus.Introspectable":
        return "s", (f"<node>{served.xml}</node>",)
    if interface == "org.freedesktop.DBus.Properties":
        values = served.properties()
        if member == "GetAll":
            return "a{sv}", (dict(values),)
        if member == "Get":
            return "v", (values[body[1]],)
        raise LookupError(member)
    return served.methods[member](*body)


def _unknown(message: Message, what: str) -> Message:
    return new_error(message, f"org.freedesktop.DBus.Error.{what}", "s", ("no such thing here",))

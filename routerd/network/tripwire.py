"""A hook on Python's own audit events: names and stops what would leave while it is armed.

It sees what goes through Python's socket module. Native code that opens sockets by itself passes
it unseen, so it is a diagnosis and a second lock, never the proof: that is the kernel's.
"""

import ipaddress
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex"})
_STARTS = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"})
_WATCHED = _CONNECTS | _LOOKUPS | _STARTS
# Names that never leave the machine when they are looked up.
_OWN_NAMES = frozenset({"", "localhost", "ip6-localhost"})
MOST_TOLD = 100


class OfflineTripwire(ConnectionRefusedError):
    """Something tried to leave this machine while the tripwire was armed."""


class Tripwire:
    """Armed and disarmed at will; the hook itself stays until the process ends."""

    def __init__(self) -> None:
        self.armed = False
        self.installed = False
        self.tripped: dict[str, int] = {}
        self.last_unix_s = 0.0
        self.last_stopped = ""
        self.last_stopped_unix_s = 0.0
        self.started: dict[str, int] = {}
        self._lock = threading.Lock()

    def install(self) -> None:
        """Set the hook, once; Python offers no way to take it away again."""
        if not self.installed:
            sys.addaudithook(self._hook)
            self.installed = True

    def report(self) -> Mapping[str, Any]:
        """Return what was stopped and which programs were started."""
        with self._lock:
            return {"stopped": dict(self.tripped), "programs_started": dict(self.started)}

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        # Called for every event of the interpreter: what is not watched must cost nothing.
        if event not in _WATCHED:
            return
        if event in _STARTS:
            self._note(self.started, str(arguments[0])[:100])
        elif self.armed:
            where = leaves(event, arguments)
            if where:
                self._note(self.tripped, f"{event} {where}")
                self.last_stopped, self.last_stopped_unix_s = f"{event} {where}", self.last_unix_s
                raise OfflineTripwire(f"offline mode is on; {event} to {where} was stopped")

    def _note(self, table: dict[str, int], what: str) -> None:
        with self._lock:
            if what in table or len(table) < MOST_TOLD:
                table[what] = table.get(what, 0) + 1
            self.last_unix_s = time.time()


def leaves(event: str, arguments: tuple[Any, ...]) -> str:
    """Return where an event would lead beyond this machine; '' where it stays here."""
    if event in _LOOKUPS:
        host = arguments[0]
        text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
        return "" if text.lower() in _OWN_NAMES or _own_address(text) else text[:200]
    address = arguments[1] if len(arguments) > 1 else None
    # Unix sockets have a path for an address, and netlink (pid, groups) of numbers.
    if not isinstance(address, tuple) or not address or not isinstance(address[0], str):
        return ""
    return "" if _own_address(address[0]) else f"{address[0]}:{address[1]}"[:200]


def _own_address(text: str) -> bool:
    """Whether this is a loopback address, or one that only listens."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text.lower() in _OWN_NAMES
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback)

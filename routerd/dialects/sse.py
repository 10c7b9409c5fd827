"""Server-sent events: bytes to events and back; knows nothing of what the events mean.

Source: WHATWG HTML, "Server-sent events", 9.2.6 (line endings, BOM, comments, field rules).
"""

from dataclasses import dataclass

from routerd.core.errors import ProviderFailed

# An upstream may send one long line on purpose or by fault; memory stays bounded either way.
MAX_EVENT_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One dispatched event. `data` has its lines joined by newlines."""

    data: bytes
    name: str = ""


class LineSplitter:
    """Cuts a byte stream into lines, wherever the chunks happen to be split.

    With `universal`, CR, LF and CRLF all end a line (SSE); without it only LF does (ndjson).
    """

    def __init__(self, *, universal: bool, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._universal = universal
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._skip_lf = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the complete lines, without their endings.

        Raises: ProviderFailed when a line outgrows the bound.
        """
        if self._skip_lf and data:
            self._skip_lf = False
            data = data.removeprefix(b"\n")
        if self._universal and b"\r" in data:
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # The rest grows in place: copying it for every chunk of a long line would take the square
        # of its length.
        first, *others = data.split(b"\n")
        self._rest += first
        lines: list[bytes] = []
        if others:
            lines = [bytes(self._rest), *others]
            self._rest = bytearray(lines.pop())
        if max(len(self._rest), max(map(len, lines), default=0)) > self._max_bytes:
            raise ProviderFailed(
                f"the backend sent a line of more than {self._max_bytes >> 20} MiB", "protocol"
            )
        return lines

    @property
    def rest(self) -> bytes:
        """Bytes after the last line ending."""
        return bytes(self._rest)


class EventParser:
    """Puts lines together into events."""

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._lines = LineSplitter(universal=True, max_bytes=max_bytes)
        self._max_bytes = max_bytes
        self._data: list[bytes] = []
        self._size = 0
        self._name = ""
        self._first = True

    def feed(self, data: bytes) -> list[Event]:
        """Return the events completed by `data`.

        Raises: ProviderFailed when an event outgrows the bound.
        """
        events = []
        for raw in self._lines.feed(data):
            line = raw
            if self._first:
                self._first = False
                line = raw.removeprefix(_BOM)
            if line:
                self._field(line)
            elif self._data:
                events.append(Event(b"\n".join(self._data), self._name))
                self._reset()
            else:
                self._reset()
        return events

    @property
    def unfinished(self) -> bool:
        """Whether the stream stopped in the middle of an event."""
        return bool(self._data or self._lines.rest.strip())

    def _reset(self) -> None:
        self._data, self._size, self._name = [], 0, ""

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value) + 1  # its newline: empty lines fill memory too
            if self._size > self._max_bytes:
                raise ProviderFailed(
                    f"the backend sent an event of more than {self._max_bytes >> 20} MiB",
                    "protocol",
                )
            self._data.append(value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")


def encode(data: bytes, name: str = "") -> bytes:
    """Return one event; data of several lines (JSON may be laid out) is told line by line."""
    head = b"event: " + name.encode("utf-8", "replace") + b"\n" if name else b""
    return head + b"data: " + data.replace(b"\n", b"\ndata: ") + b"\n\n"


def comment(text: str) -> bytes:
    """Return a comment line, which clients ignore; it keeps a quiet stream alive."""
    one_line = text.replace("\r", " ").replace("\n", " ")
    return b": " + one_line.encode("utf-8", "replace") + b"\n\n"

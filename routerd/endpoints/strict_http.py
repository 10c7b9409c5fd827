"""HTTP/1.1 as the server reads it: bounded heads, no ambiguity, one answer to one request.

What two programs may read in two ways (two lengths, a length beside chunks, another form of address)
is how requests are smuggled past a check; here it ends the connection. uvicorn reads leniently and
waits for ever for the rest of a head, so its protocol is narrowed.

uvicorn also answers 503 to everybody once there are too many connections, and anybody on this
machine can open them. So before there are, the one that has said nothing for longest is given up:
half a head, or the silence after an answer. Who is being answered is never given up.

Source: RFC 9112, 3.2 (request target), 5 (fields), 6.1 and 6.3 (message body length), 11.2.
"""

import asyncio
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from routerd.endpoints.error_bodies import openai_error
from routerd.endpoints.guard import Refused

HEAD_S = 10.0
MAX_HEAD_BYTES = 16 * 1024
MAX_HEADERS = 100
# The share of the connections there may be that those without a request may fill.
RESTING_SHARE = 0.75
_ONCE = (b"host", b"content-length", b"transfer-encoding", b"content-type", b"authorization")
_MALFORMED = Refused("This is not a well-formed HTTP/1.1 request.", 400)


class StrictProtocol(HttpToolsProtocol):
    """One connection. Whatever it refuses, it answers once, as JSON, and closes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._refusal = _MALFORMED
        self._head_timer: asyncio.TimerHandle | None = None
        self._rests_since_s = 0.0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._rests_since_s = self.loop.time()
        self._wait_for_head()
        self._make_room()

    def _make_room(self) -> None:
        """Give up the connection that has rested longest, where there are too many."""
        open_ones = [c for c in self.connections if not c.transport.is_closing()]
        most = RESTING_SHARE * (self.limit_concurrency or 0)
        if not most or len(open_ones) <= most:
            return
        others = (c for c in open_ones if isinstance(c, StrictProtocol) and c is not self)
        resting = [c for c in others if c._rests()]
        if resting:
            min(resting, key=lambda c: c._rests_since_s).transport.close()

    def _rests(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn sets None and declares it never
        return cycle is None or bool(cycle.response_complete)

    @override
    def on_response_complete(self) -> None:
        self._rests_since_s = self.loop.time()
        super().on_response_complete()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # A head that is complete was measured exactly, and is no longer being read.
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refusal = _too_large()
            self.send_400_response("")

    @override
    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._wait_for_head()
        super().on_message_begin()

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # The parser leaves the blanks behind a value; they are not part of it (RFC 9112, 5.1).
        super().on_header(name, value.strip(b" \t"))

    @override
    def on_headers_complete(self) -> None:
        self._head_is_there()
        self._in_head = False
        refusal = _fault(self.url, self.headers, upgrade=bool(self.parser.should_upgrade()))
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            refusal = _MALFORMED
        if refusal is not None:
            self._refusal = refusal
            # The parser turns this into its own error, which ends in `send_400_response`.
            raise refusal
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self._too_slow)

    def _head_is_there(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refusal = Refused(f"The head of the request took longer than {HEAD_S:g} s.", 408)
            self.send_400_response("")

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer with the refusal; a request before it that is being answered goes first, alone."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn sets None and declares it never
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False
            if not cycle.more_body:
                self.transport.pause_reading()
                return
            # Its own body is what is broken: whoever waits for the rest is told that none comes.
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.close()
                return
        body = openai_error(self._refusal)
        head = [
            STATUS_LINE[self._refusal.status_hint],
            b"content-type: application/json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, body]))
        self.transport.close()


def _too_large() -> Refused:
    return Refused(f"The head of the request is larger than {MAX_HEAD_BYTES >> 10} KiB.", 431)


def _fault(target: bytes, headers: list[tuple[bytes, bytes]], *, upgrade: bool) -> Refused | None:
    """Return why a head is refused, None where it is sound."""
    if len(target) + sum(len(n) + len(v) + 4 for n, v in headers) > MAX_HEAD_BYTES:
        return _too_large()
    if len(headers) > MAX_HEADERS:
        return Refused(f"The request has more than {MAX_HEADERS} header fields.", 431)
    if upgrade:
        return Refused("There is no other protocol to upgrade to.", 400)
    if not target.startswith(b"/"):
        return Refused("The request's target must be a path.", 400)
    names = [name for name, _ in headers]
    for name in _ONCE:
        if names.count(name) > 1:
            return Refused(f"The header {name.decode()} stands there twice.", 400)
    return _length_fault(dict(headers))


def _length_fault(headers: dict[bytes, bytes]) -> Refused | None:
    coding = headers.get(b"transfer-encoding")
    if coding is not None and b"content-length" in headers:
        return Refused("A length and a transfer coding exclude each other.", 400)
    if coding is not None and coding.strip().lower() != b"chunked":
        return Refused("The only transfer coding is chunked.", 400)
    length = headers.get(b"content-length")
    if length is not None and not length.strip().isdigit():
        return Refused("Content-Length must be one whole number.", 400)
    # Bytes that some programs read as the end of a line, or not at all.
    if any(byte < 0x20 and byte != 0x09 for value in headers.values() for byte in value):
        return Refused("A header holds control characters.", 400)
    return None

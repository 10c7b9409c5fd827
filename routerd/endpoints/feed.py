"""What happens in the daemon, told to whoever listens just now; nothing is kept and nobody waits.

Where nobody listens an event costs one comparison. A listener that reads too slowly loses the
oldest events and is told how many; it never holds up the daemon or another listener.
"""

import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import anyio

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.errors import RouterdError
from routerd.core.outcome import Outcome
from routerd.core.request import Request
from routerd.dialects import strict_json
from routerd.endpoints import summaries

HEARTBEAT_S = 15.0
MOST_WAITING = 256
MOST_LISTENERS = 32
HEARTBEAT = b": beat\n\n"


class TooManyListeners(RouterdError):
    """Every place is taken; somebody has to close a dashboard."""

    status_hint = 503


def encode(kind: str, facts: Mapping[str, Any]) -> bytes:
    """Return one server-sent event; its JSON never holds a line break."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode("ascii"), strict_json.dumps(facts))


Encode = Callable[[str, Mapping[str, Any]], bytes]


class _Listener:
    def __init__(self, most: int, encode: Encode) -> None:
        self.waiting: deque[tuple[str, Mapping[str, Any]]] = deque()
        self.most = most
        self.encode = encode
        self.missed = 0
        self.awake = anyio.Event()

    def put(self, kind: str, facts: Mapping[str, Any]) -> None:
        if len(self.waiting) >= self.most:
            self.waiting.popleft()
            self.missed += 1
        self.waiting.append((kind, facts))
        self.awake.set()

    def take(self) -> bytes:
        """Return all that waits, with a word on what was lost before it."""
        lost, self.missed = self.missed, 0
        told = encode("missed", {"count": lost}) if lost else b""
        data = told + b"".join(self.encode(kind, facts) for kind, facts in self.waiting)
        self.waiting.clear()
        self.awake = anyio.Event()
        return data


class Feed:
    """Implements `core.ports.Watcher`; owned by the event loop, used on no other thread.

    `applied` is how often each rule of the policy applied since the start.
    """

    def __init__(
        self, clock_s: Callable[[], float] = time.time, most_waiting: int = MOST_WAITING
    ) -> None:
        self._clock_s = clock_s
        self._most_waiting = most_waiting
        self._listeners: set[_Listener] = set()
        self._closed = False
        self.applied: Counter[str] = Counter()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Tell everyone who listens; `facts` must be plain values."""
        if self._listeners:
            told = {"unix_s": self._clock_s(), **facts}
            for listener in self._listeners:
                listener.put(kind, told)

    def decided(self, request: Request, decision: Decision) -> None:
        """See `core.ports.Watcher`."""
        if self._listeners:
            row = summaries.begun(request, decision, self._clock_s())
            self.tell("decision", row)

    def attempting(self, decision: str, candidate: Candidate, number: int) -> None:
        """See `core.ports.Watcher`."""
        if self._listeners:
            facts = {"model": candidate.name, "zone": candidate.zone, "warm": candidate.warm}
            self.tell("attempt", {"decision": decision, "number": number, **facts})

    def answered(self, request: Request, decision: Decision, outcome: Outcome) -> None:
        """See `core.ports.Watcher`."""
        self.applied.update(decision.policy_rules)
        if self._listeners:
            self.tell("outcome", summaries.ended(request, decision, outcome, self._clock_s()))

    def close(self) -> None:
        """End every stream, because the daemon stops."""
        self._closed = True
        for listener in self._listeners:
            listener.awake.set()

    def listen(self, first: bytes = b"", written: Encode = encode) -> AsyncGenerator[bytes]:
        """Return server-sent events as they happen, `first` before all, and a beat in silence.

        `written` is how this listener wants them. Consume under `contextlib.aclosing`. Raises: TooManyListeners.
        """
        if len(self._listeners) >= MOST_LISTENERS:
            raise TooManyListeners(f"{MOST_LISTENERS} listeners are connected already.")
        return self._events(first, written)

    async def _events(self, first: bytes, written: Encode) -> AsyncGenerator[bytes]:
        listener = _Listener(self._most_waiting, written)
        self._listeners.add(listener)
        try:
            yield first or HEARTBEAT
            while listener.waiting or not self._closed:
                with anyio.move_on_after(HEARTBEAT_S):
                    await listener.awake.wait()
                yield listener.take() or HEARTBEAT
        finally:
            self._listeners.discard(listener)

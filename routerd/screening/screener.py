"""Looks through the messages of a request, each text once: what was read before is remembered."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import anyio

from routerd.core.policy import Finding
from routerd.core.request import Request, Text
from routerd.policy.masking import text_of
from routerd.screening import generic, library, personal, tokens
from routerd.screening.detector import Detector, Panel, lowered

# Texts remembered; an agent's conversation has some hundred parts, most of them seen before.
REMEMBERED = 4096
# Beyond this a scan would hold up the event loop for more than a few milliseconds.
IN_THREAD_CHARACTERS = 8_000


def all_detectors() -> tuple[Detector, ...]:
    """Return every detector, the surest first: of overlapping finds the first one counts."""
    return (
        *tokens.detectors(),
        *library.detectors(),
        *generic.detectors(),
        *personal.detectors(),
    )


class Screener:
    """Implements `core.ports.Screener`. `make` builds the detectors at the first request."""

    def __init__(
        self,
        *,
        ignore: Iterable[str] = (),
        make: Callable[[], tuple[Detector, ...]] = all_detectors,
    ) -> None:
        self.ignore = frozenset(ignore)
        self._make = make
        self._panel: Panel | None = None
        self._seen: OrderedDict[bytes, tuple[Finding, ...]] = OrderedDict()
        # Of this run alone: a digest that ends up in the audit log must not identify a key.
        self._salt = secrets.token_bytes(32)
        self._loading = anyio.Lock()

    @property
    def detectors(self) -> tuple[Detector, ...]:
        """The detectors in use; built at the first call."""
        if self._panel is None:
            self._panel = Panel(self._make())
        return self._panel.detectors

    async def find(self, request: Request) -> tuple[Finding, ...]:
        """Return what was found, in the order of the conversation; tool results too.

        What stands after a gap to be filled counts as one more message at the end.
        """
        await self._ready()
        found: list[Finding] = []
        after = (Text(request.suffix),) if request.suffix else ()
        parts = [message.parts for message in request.messages]
        for number, spoken in enumerate([*parts, after]):
            for index, part in enumerate(spoken):
                if text := text_of(part):
                    found += [
                        Finding(f.kind, f.detector, number, index, f.start, f.end, f.digest)
                        for f in await self._part(text)
                        if f.detector not in self.ignore
                    ]
        return tuple(found)

    async def _ready(self) -> None:
        if self._panel is None:
            async with self._loading:
                if self._panel is None:
                    self._panel = Panel(await anyio.to_thread.run_sync(self._make))

    async def _part(self, text: str) -> tuple[Finding, ...]:
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._seen.get(key)
        if known is not None:
            self._seen.move_to_end(key)
            return known
        if len(text) > IN_THREAD_CHARACTERS:
            found = await anyio.to_thread.run_sync(partial(self.scan, text))
        else:
            found = self.scan(text)
        self._seen[key] = found
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return found

    def scan(self, text: str) -> tuple[Finding, ...]:
        """Return what is in one text; message and part are 0. Overlapping finds are told once."""
        if self._panel is None:
            self._panel = Panel(self._make())
        lower = lowered(text)
        taken: list[tuple[int, int]] = []
        found = []
        for detector in self._panel.concerned(lower):
            for start, end in detector.find(text, lower):
                if not any(start < e and s < end for s, e in taken):
                    taken.append((start, end))
                    found.append(self._finding(detector, text, start, end))
        return tuple(sorted(found, key=lambda finding: finding.start))

    def _finding(self, detector: Detector, text: str, start: int, end: int) -> Finding:
        secret = text[start:end].encode("utf-8", "surrogatepass")
        digest = hmac.new(self._salt, secret, hashlib.sha256).hexdigest()[:32]
        return Finding(detector.kind, detector.id, 0, 0, start, end, digest)


def names(detectors: Iterable[Detector]) -> Iterator[str]:
    """Yield each detector's id once, in alphabetical order."""
    yield from sorted({detector.id for detector in detectors})

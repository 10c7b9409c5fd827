"""Keeps, in memory, who holds which conversation. Numbers and digests, never what was said."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.core.request import Request
from routerd.core.session import Action, Standing
from routerd.sessions import keys

MOST_SESSIONS, MOST_SHOWN = 4096, 200
# How long a prompt's prefix stays cached: clouds promise five minutes; an engine on this machine
# keeps it until another conversation takes its place, which is a guess.
CLOUD_CACHE_S, DEVICE_CACHE_S = 300.0, 1800.0


@dataclass(frozen=True, slots=True)
class _Record:
    standing: Standing
    prefix: str
    at_s: float
    leaves_machine: bool


def _life_s(record: _Record) -> float:
    return CLOUD_CACHE_S if record.leaves_machine else DEVICE_CACHE_S


class Ledger:
    """Implements `core.ports.Sessions`; owned by the event loop.

    The conversation that was silent longest makes room. `counts` is by action since the start.
    """

    def __init__(
        self, most: int = MOST_SESSIONS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self.counts: dict[Action, int] = {}

    def __len__(self) -> int:
        return len(self._records)

    def standing(self, request: Request) -> Standing:
        """See `core.ports.Sessions.standing`."""
        key = keys.key_of(request)
        record = self._records.get(key)
        count = len(request.messages)
        # A conversation that begins anew has the same opening, but nobody holds it yet.
        if record is None or count <= 1 or all(m.role != "assistant" for m in request.messages):
            return Standing(key)
        seen = record.standing.seen
        goes_on = count >= seen and keys.prefix_of(request.messages[:seen]) == record.prefix
        fresh = self._clock() - record.at_s < _life_s(record)
        return Standing(
            key,
            record.standing.model,
            record.standing.decision,
            min(record.standing.since, count),
            seen if goes_on else count,
            record.standing.rung,
            record.standing.cached_tokens if goes_on and fresh else 0,
        )

    def held(self, most: int) -> list[dict[str, Any]]:
        """Return who holds which conversation, the latest first: key, model, decision, messages,
        since (messages when the model took over), rung (latched ability, None without), cached
        tokens, idle_s, cached (whether the prefix is likely still cached), leaves_machine.
        """
        now_s = self._clock()
        return [
            {
                "key": record.standing.key,
                "model": record.standing.model,
                "decision": record.standing.decision,
                "messages": record.standing.seen,
                "since": record.standing.since,
                "rung": record.standing.rung,
                "cached_tokens": record.standing.cached_tokens,
                "cached": now_s - record.at_s < _life_s(record),
                "idle_s": max(0.0, now_s - record.at_s),
                "leaves_machine": record.leaves_machine,
            }
            for record in islice(reversed(self._records.values()), most)
        ]

    def answered(self, request: Request, decision: Decision, outcome: Outcome) -> None:
        """See `core.ports.Sessions.answered`."""
        entry = next((e for e in decision.ranked if e.candidate.name == outcome.model), None)
        if entry is None or outcome.finish in ("failed", "cancelled"):
            return
        before = self.standing(request)
        count = len(request.messages)
        hold = decision.hold
        self.counts[hold.action] = self.counts.get(hold.action, 0) + 1
        usage = outcome.usage
        read = usage.input_tokens if usage.input_tokens > 0 else decision.features.input_tokens
        same = before.model == outcome.model
        standing = Standing(
            before.key,
            outcome.model,
            decision.id,
            since=before.since if same else count,
            seen=count,
            rung=hold.rung,
            cached_tokens=read,
        )
        self._records[before.key] = _Record(
            standing,
            keys.prefix_of(request.messages),
            self._clock(),
            entry.candidate.leaves_machine,
        )
        self._records.move_to_end(before.key)
        while len(self._records) > self._most:
            self._records.popitem(last=False)

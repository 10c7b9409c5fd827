"""What a later event says of an earlier answer: Bayes over a table, pure.

An event moves the probability that the answer was good by how much likelier it is after a good
answer than after a bad one. A complete answer without any event moves nothing: that it came is no
proof that it was right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routerd.core.belief import Event
from routerd.core.session import Signs
from routerd.policy.odds import within

# Bounds of the chance an answer is given before anything is known: no event can move certainty.
_SUREST = 0.98


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How often the event follows good and bad answers, and how much an answer with it counts."""

    good: float
    bad: float
    weight: float


# Set by judgement, to be fitted once there are answers with both an event and a word of the user's.
# What matters is the quotient: an event of 1 says nothing.
EVENTS: Mapping[Event, Likelihood] = {
    "sound": Likelihood(0.98, 0.80, 0.2),
    "faults": Likelihood(0.02, 0.20, 1.0),
    "worked": Likelihood(0.60, 0.12, 0.8),
    "moved_on": Likelihood(0.90, 0.45, 0.4),
    "asked_again": Likelihood(0.06, 0.50, 0.8),
    "tool_failed_twice": Likelihood(0.15, 0.50, 0.5),
    "edited_again": Likelihood(0.15, 0.50, 0.5),
    "malformed_tool_call": Likelihood(0.02, 0.25, 1.0),
    "refused": Likelihood(0.02, 0.25, 1.0),
}


def chance(before: float, events: Iterable[Event]) -> float:
    """Return P(the answer was good), 0..1, from the chance it had and the events since."""
    sure = min(_SUREST, max(1.0 - _SUREST, within(before, otherwise=0.5)))
    odds = sure / (1.0 - sure)
    for event in events:
        found = EVENTS.get(event)
        if found is not None:
            odds *= found.good / found.bad
    return odds / (1.0 + odds)


def weight(events: Iterable[Event]) -> float:
    """Return how much an answer with these events counts, 0..1; 0 without any."""
    return max((EVENTS[event].weight for event in events if event in EVENTS), default=0.0)


def events_of(signs: Signs) -> tuple[Event, ...]:
    """Return what the messages after an answer show of it; a turn still under way shows less."""
    if signs.against:
        return signs.against
    if signs.well:
        return ("worked",)
    return ("moved_on",) if signs.calm_turns and not signs.tool_open else ()

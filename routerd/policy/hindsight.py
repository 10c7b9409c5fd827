"""What a later event says of an earlier answer: Bayes over a table, pure.

An event moves the probability that the answer was good by how much likelier it is after a good
answer than after a bad one. A complete answer without any event moves nothing: that it came is no
proof that it was right.

Where the likelihoods come from: `EVENTS` is judgement, worth `JUDGED` good and as many bad answers; what
was seen of answers that the user gave a word on (`routerd feedback`) is counted on top (`fitted`), so
that after some hundred such words the data speak. Events of one answer are not independent (who edits
again has often seen a tool fail), so together they move the odds by `MOST` at most.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from routerd.core.belief import Event
from routerd.core.session import Signs
from routerd.policy.odds import within

# What the table is worth, in answers of each kind, beside those that a user gave a word on.
JUDGED = 30.0
# The most that one event, and all together, may multiply or divide the odds by.
MOST_OF_ONE, MOST = 15.0, 40.0
# A share of answers is never taken for 0 or 1, however few there were.
_LEAST_SHARE = 0.01
# Bounds of the chance an answer is given before anything is known: no event can move certainty.
_SUREST = 0.98


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How often the event follows good and bad answers, and how much an answer with it counts."""

    good: float
    bad: float
    weight: float


Table = Mapping[Event, Likelihood]
# What matters is the quotient: an event of 1 says nothing.
EVENTS: Table = {
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


# Events that speak for an answer; whatever the data say, they never speak against it.
_FOR: frozenset[Event] = frozenset(("sound", "worked", "moved_on"))


def chance(before: float, events: Iterable[Event], table: Table = EVENTS) -> float:
    """Return P(the answer was good), 0..1, from the chance it had and the events since.

    It never rises by one more event against the answer, nor falls by one more for it.
    """
    sure = min(_SUREST, max(1.0 - _SUREST, within(before, otherwise=0.5)))
    quotient = 1.0
    for event in events:
        found = table.get(event)
        if found is not None:
            quotient *= found.good / found.bad
    odds = sure / (1.0 - sure) * min(MOST, max(1.0 / MOST, quotient))
    return odds / (1.0 + odds)


def fitted(judged: Iterable[tuple[float, Collection[Event]]]) -> Table:
    """Return the table with what was seen of answers that a user gave a word on.

    `judged`: how good the user said an answer was, 0..1, and the events seen of it before. Weights stay.
    """
    answers = [(within(value, otherwise=0.5), frozenset(events)) for value, events in judged]
    good, bad = sum(v for v, _ in answers), sum(1.0 - v for v, _ in answers)
    table: dict[Event, Likelihood] = {}
    for event, judgement in EVENTS.items():
        with_it = [value for value, events in answers if event in events]
        of_good = (JUDGED * judgement.good + sum(with_it)) / (JUDGED + good)
        of_bad = (JUDGED * judgement.bad + sum(1.0 - v for v in with_it)) / (JUDGED + bad)
        table[event] = _bounded(event, of_good, of_bad, judgement.weight)
    return table


def _bounded(event: Event, good: float, bad: float, weight: float) -> Likelihood:
    """Return a likelihood that no count can make absurd, and that keeps its direction."""
    bad = min(1.0 - _LEAST_SHARE, max(_LEAST_SHARE, bad))
    low, high = (1.0, MOST_OF_ONE) if event in _FOR else (1.0 / MOST_OF_ONE, 1.0)
    quotient = min(high, max(low, good / bad))
    return Likelihood(quotient * bad, bad, weight)


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

"""Windows of local time such as "Mon-Fri 08:00-18:00"; the moment is an argument."""

import re
from dataclasses import dataclass
from functools import lru_cache

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_CLOCK = re.compile(r"^([01]?\d|2[0-4]):([0-5]\d)$")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the week: `weekday` 0 is Monday, `minute` counts from midnight."""

    weekday: int = 2
    minute: int = 720


@dataclass(frozen=True, slots=True)
class Window:
    """Some days, and minutes from `start` up to before `end`; an end before the start is next day."""

    days: frozenset[int]
    start: int = 0
    end: int = _DAY_MINUTES

    def holds(self, moment: Moment) -> bool:
        """Whether the moment lies within; after midnight the day it began on counts."""
        if self.start <= self.end:
            return moment.weekday in self.days and self.start <= moment.minute < self.end
        if moment.minute >= self.start:
            return moment.weekday in self.days
        return moment.minute < self.end and (moment.weekday - 1) % 7 in self.days


@lru_cache(maxsize=256)
def parse(text: str) -> Window:
    """Return the window. Raises: ValueError saying what a window looks like."""
    days: frozenset[int] = frozenset(range(7))
    start, end = 0, _DAY_MINUTES
    for word in text.lower().split():
        if ":" in word:
            first, dash, last = word.partition("-")
            start, end = _minute(first, text), _minute(last, text) if dash else _DAY_MINUTES
        else:
            days = _days(word, text)
    if not text.strip() or start == end:
        raise _bad(text)
    return Window(days, start, end)


def moment(text: str) -> Moment:
    """Return the moment written as "Mon 09:30". Raises: ValueError."""
    day, _, clock = text.lower().partition(" ")
    if day not in DAYS:
        raise ValueError(f"'{text}' is no moment; write it like \"Mon 09:30\"")
    return Moment(DAYS.index(day), _minute(clock.strip(), text))


def _days(word: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in word.split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise _bad(text)
        low, high = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(low, high + 1 + (7 if high < low else 0))}
    return frozenset(found)


def _minute(clock: str, text: str) -> int:
    found = _CLOCK.match(clock)
    if found is None or (minute := int(found[1]) * 60 + int(found[2])) > _DAY_MINUTES:
        raise _bad(text)
    return minute


def _bad(text: str) -> ValueError:
    return ValueError(
        f'\'{text}\' is no window of time; write it like "Mon-Fri 08:00-18:00" or "22:00-06:00"'
    )

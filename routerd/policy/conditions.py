"""Does a condition fit a request, and how do two conditions relate? Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from routerd.core.policy import Condition
from routerd.policy import globs, schedule


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions look at. `paths` are those that the request speaks of."""

    task: str = "other"
    complexity: float = 0.5
    language: str = "none"
    workspace: str = ""
    paths: tuple[str, ...] = ()
    client: str = ""
    sensitivity: tuple[str, ...] = ()
    moment: schedule.Moment = schedule.Moment()  # noqa: RUF009  # frozen


def fits(condition: Condition, facts: Facts) -> bool:
    """Whether every field that says something fits the request."""
    return next(misfits(condition, facts), None) is None


def misfits(condition: Condition, facts: Facts) -> Iterator[str]:
    """Yield the names of the fields that do not fit, the cheapest to check first."""
    for name, check in _CHECKS:
        if not check(condition, facts):
            yield name


_CHECKS: tuple[tuple[str, Callable[[Condition, Facts], bool]], ...] = (
    ("task", lambda c, f: _within(c.task, f.task)),
    ("complexity", lambda c, f: c.complexity.min <= f.complexity <= c.complexity.max),
    ("language", lambda c, f: _within(c.language, f.language)),
    ("sensitivity", lambda c, f: not c.sensitivity or bool(set(c.sensitivity) & {*f.sensitivity})),
    ("time", lambda c, f: not c.time or any(_holds(window, f) for window in c.time)),
    ("client", lambda c, f: _any(c.client, [f.client], globs.name_fits)),
    ("workspace", lambda c, f: _any_path(c.workspace, (f.workspace,))),
    ("path", lambda c, f: _any_path(c.path, f.paths)),
)


def _within(wanted: Iterable[str], value: str) -> bool:
    names = tuple(wanted)
    return not names or value.lower() in (name.lower() for name in names)


def _any(patterns: tuple[str, ...], values: Iterable[str], fit: Callable[[str, str], bool]) -> bool:
    return not patterns or any(fit(pattern, value) for value in values for pattern in patterns)


def _any_path(patterns: tuple[str, ...], paths: tuple[str, ...]) -> bool:
    return not patterns or any(globs.any_path_fits(patterns, path) for path in paths)


def _holds(window: str, facts: Facts) -> bool:
    return schedule.parse(window).holds(facts.moment)


def possible(condition: Condition) -> bool:
    """Whether any request at all could fit."""
    return condition.complexity.min <= condition.complexity.max


def may_overlap(one: Condition, other: Condition) -> bool:
    """Whether one request could fit both; errs towards yes.

    A request speaks of many paths and can hold several kinds of findings, so those never part two
    conditions.
    """
    low = max(one.complexity.min, other.complexity.min)
    high = min(one.complexity.max, other.complexity.max)
    return (
        low <= high
        and _sets_meet(one.task, other.task)
        and _sets_meet(one.language, other.language)
        and _globs_meet(one.workspace, other.workspace)
        and _globs_meet(one.client, other.client)
        and _times_meet(one.time, other.time)
    )


def _sets_meet(one: Iterable[str], other: Iterable[str]) -> bool:
    a, b = {name.lower() for name in one}, {name.lower() for name in other}
    return not a or not b or bool(a & b)


def _globs_meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not one or not other or any(globs.may_both_fit(a, b) for a in one for b in other)


def _times_meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not one or not other or bool(_minutes(one) & _minutes(other))


def _minutes(windows: tuple[str, ...]) -> set[tuple[int, int]]:
    """Return the moments of the week, in steps of five minutes, that lie in a window."""
    parsed = [schedule.parse(window) for window in windows]
    week = [schedule.Moment(day, minute) for day in range(7) for minute in range(0, 1440, 5)]
    return {(m.weekday, m.minute) for m in week if any(window.holds(m) for window in parsed)}


def covers(wide: Condition, narrow: Condition) -> bool:
    """Whether every request that fits `narrow` fits `wide`; errs towards no."""
    return (
        wide.complexity.min <= narrow.complexity.min
        and wide.complexity.max >= narrow.complexity.max
        and _set_covers(wide.task, narrow.task)
        and _set_covers(wide.language, narrow.language)
        and _globs_cover(wide.workspace, narrow.workspace)
        and _globs_cover(wide.path, narrow.path)
        and _globs_cover(wide.client, narrow.client)
        and _set_covers(wide.sensitivity, narrow.sensitivity)
        and (not wide.time or (bool(narrow.time) and _minutes(narrow.time) <= _minutes(wide.time)))
    )


def _set_covers(wide: Iterable[str], narrow: Iterable[str]) -> bool:
    a, b = set(wide), set(narrow)
    return not a or (bool(b) and b <= a)


def _globs_cover(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and all(any(globs.covers(w, n) for w in wide) for n in narrow))

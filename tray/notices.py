"""What is worth a notification: pure, from one Status to the next, and not too often."""

from collections.abc import Iterator
from dataclasses import dataclass

from routerd.core.status import Status

# At most one of a kind in that time; what is missed in it is counted in the next.
EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is a key of [notifications] in config.toml. It never holds prompt text."""

    kind: str
    title: str
    text: str


def notices(before: Status | None, after: Status | None) -> tuple[Notice, ...]:
    """Return what happened in between of which the user wants to be notified.

    A daemon that has just started or stopped has no news.
    """
    if before is None or after is None or before.pid != after.pid:
        return ()
    found = (*_budgets(before, after), *_refused(before, after), *_engines(before, after))
    return tuple(notice for notice in found if notice.kind in after.notifications)


def _budgets(before: Status, after: Status) -> Iterator[Notice]:
    for name in after.budgets_reached:
        if name not in before.budgets_reached:
            text = f"{name} is used up; requests it covers are answered here from now on."
            yield Notice("budget", "Budget reached", text)


def _refused(before: Status, after: Status) -> Iterator[Notice]:
    if after.refused.count > before.refused.count:
        told = after.refused
        times = "" if told.count == 1 else f" ({told.count} times since the start)"
        text = f"Something tried to reach {told.host}{times}: {told.reason}."
        yield Notice("refused", "Kept on this machine", text)


def _engines(before: Status, after: Status) -> Iterator[Notice]:
    was_up = {engine.name for engine in before.engines if engine.up}
    for engine in after.engines:
        # Going offline takes the others away, and whoever did that knows.
        expected = after.offline and engine.zone != "device"
        if engine.name in was_up and not engine.up and not expected:
            text = f"{engine.name} does not answer any more: {engine.detail or 'it is gone'}."
            yield Notice("engine", "Engine vanished", text)


class Limiter:
    """Lets one of a kind through in `EVERY_S`; times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}

    def allows(self, kind: str, now_s: float) -> bool:
        """Whether one of that kind may be shown now; if so it counts as shown."""
        last_s = self._last_s.get(kind)
        if last_s is not None and now_s - last_s < EVERY_S:
            return False
        self._last_s[kind] = now_s
        return True

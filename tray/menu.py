"""Status to menu, a pure function: what it shows is what the daemon said, never what was hoped."""

import time
from dataclasses import dataclass

from routerd.core.status import RecentDecision, Status
from tray import looks
from tray.view import SEPARATOR, Action, Item

LONGEST = 68
MOST_TROUBLES = 2
MOST_LOADED = 4
PAUSES = (("for 30 minutes", "1800"), ("for 2 hours", "7200"), ("until I resume", ""))
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True, slots=True)
class Own:
    """What the tray itself knows.

    `starts_at_login` is None where that can't be set here; `pending` is what was asked for and not
    answered yet; `failure` why the last thing asked for was not done.
    """

    starts_at_login: bool | None = None
    pending: Action | None = None
    failure: str = ""


def items(status: Status | None, own: Own = Own()) -> tuple[Item, ...]:
    """Return the whole menu."""
    middle = _stopped(own) if status is None else _running(status, own)
    failed = (Item(_short(own.failure), Action("dismiss")), SEPARATOR) if own.failure else ()
    return (*failed, *middle, SEPARATOR, *_last(status, own))


def _stopped(own: Own) -> tuple[Item, ...]:
    starting = own.pending == Action("start")
    return (
        Item("routerd is not running"),
        SEPARATOR,
        Item(
            "Starting routerd…" if starting else "Start routerd",
            Action("start"),
            enabled=not starting,
            default=True,
        ),
    )


def _running(status: Status, own: Own) -> tuple[Item, ...]:
    parts = (
        _head(status),
        (_offline(status, own), _profile(status, own), _loaded(status)),
        _decisions(status),
        _money(status),
        (_pause(status, own), Item("Open dashboard", Action("dashboard"), default=True)),
    )
    found: list[Item] = []
    for part in parts:
        found += [*([SEPARATOR] if found and part else []), *part]
    return tuple(found)


def _head(status: Status) -> tuple[Item, ...]:
    """Return what is going on, what is wrong, and what tried to leave."""
    lines = [Item(f"routerd: {looks.WORDS[looks.kind(status)]}")]
    if status.offline and status.offline_layer:
        lines.append(Item(_short(f"held by {status.offline_layer}")))
    elif not status.cloud_allowed and status.cloud_reason:
        lines.append(Item(_short(status.cloud_reason)))
    lines += [
        Item(_short(f"{request.model} answers ({request.zone}, {request.task})"))
        for request in status.running
    ]
    lines += [
        Item(_short(f"Attention: {trouble}"), Action("dashboard"))
        for trouble in looks.troubles(status)[:MOST_TROUBLES]
    ]
    if status.refused.count:
        lines.append(_refused(status))
    return tuple(lines)


def _refused(status: Status) -> Item:
    told = status.refused
    times = "once:" if told.count == 1 else f"{told.count} times, last:"
    text = f"Kept here {times} {told.host} at {_clock(told.last_unix_s)}"
    return Item(_short(text), Action("egress"))


def _offline(status: Status, own: Own) -> Item:
    asked = own.pending is not None and own.pending.name == "offline"
    return Item(
        "Offline mode (switching…)" if asked else "Offline mode",
        Action("offline", "off" if status.offline else "on"),
        checked=status.offline,
        enabled=not asked,
    )


def _profile(status: Status, own: Own) -> Item:
    asked = own.pending is not None and own.pending.name == "profile"
    names = status.profiles or (status.profile,)
    choices = tuple(
        Item(name, Action("profile", name), checked=name == status.profile, radio=True)
        for name in names
    )
    label = f"Profile: {status.profile}" + (" (switching…)" if asked else "")
    return Item(label, children=choices, enabled=not asked)


def _loaded(status: Status) -> Item:
    loaded = [m for m in status.models if m.warm and m.zone == "device" and not m.plumbing]
    if not loaded:
        return Item("No model is loaded")
    lines = tuple(
        # Of a model loaded just now the window in effect is not known yet.
        Item(f"{m.name} · {_tokens(m.loaded_tokens)}" if m.loaded_tokens else m.name)
        for m in loaded[:MOST_LOADED]
    )
    if len(lines) == 1:
        return Item(_short(f"Loaded: {lines[0].label}"))
    return Item(f"Loaded: {len(loaded)} models", children=lines)


def _decisions(status: Status) -> tuple[Item, ...]:
    if not status.decisions:
        return (Item("No request yet"),)
    why = tuple(Item(_short(_decided(d)), Action("why", d.id)) for d in status.decisions)
    return (Item("Last decisions, and why"), *why)


def _decided(made: RecentDecision) -> str:
    when = f"{_clock(made.at_unix_s)} {made.task}:"
    if not made.model:
        return f"{when} not answered"
    failed = f", {made.finish}" if made.finish in ("failed", "cancelled") else ""
    where = "" if made.zone == "device" else f" ({made.zone})"
    return f"{when} {made.model}{where}{failed}"


def _money(status: Status) -> tuple[Item, ...]:
    saved = status.saved
    today, month = (_amount(value, saved.currency) for value in (saved.today, saved.month))
    return (Item(f"Saved today {today}, this month {month}"),)


def _amount(value: float, currency: str) -> str:
    """Return money as people write it; what rounds to nothing is not shown as nothing."""
    sign = _SIGNS.get(currency, "")
    little = 0 < value < 0.01
    before = "<" if little else "-" if value < 0 else ""
    digits = "0.01" if little else f"{abs(value):,.2f}"
    return f"{before}{sign}{digits}" if sign else f"{before}{digits} {currency}"


def _pause(status: Status, own: Own) -> Item:
    asked = own.pending is not None and own.pending.name in ("pause", "resume")
    if status.paused:
        left = f" ({_left(status.paused_left_s)} left)" if status.paused_left_s else ""
        return Item(f"Resume{left}", Action("resume"), enabled=not asked)
    choices = tuple(Item(words, Action("pause", seconds)) for words, seconds in PAUSES)
    return Item("Pause", children=choices, enabled=not asked)


def _last(status: Status | None, own: Own) -> tuple[Item, ...]:
    login = own.starts_at_login
    at_login = Item(
        "Start at login", Action("login", "off" if login else "on"), checked=bool(login)
    )
    stop = Item("Stop routerd", Action("stop"), enabled=own.pending != Action("stop"))
    return (
        *((at_login, SEPARATOR) if login is not None else ()),
        *((stop,) if status is not None else ()),
        Item("Quit this icon" if status is not None else "Quit", Action("quit")),
    )


def _tokens(count: int) -> str:
    return f"{count / 1024:.0f}k window" if count >= 1024 else f"{count} tokens"


def _left(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _clock(unix_s: float) -> str:
    return time.strftime("%H:%M", time.localtime(unix_s))


def _short(text: str) -> str:
    """Return one line that fits a menu."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"

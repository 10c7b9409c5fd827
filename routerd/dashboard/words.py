"""Numbers and times as people read them; the filters of the templates."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
NOTHING = "\u2013"  # an en dash


def money(value: float | None, currency: str = "USD", fine: float = 0.01) -> str:
    """Return an amount; with four digits below `fine`, where two would say nothing."""
    if value is None or not math.isfinite(value):
        return NOTHING
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    sign, size = "\u2212" if value < 0 else "", abs(value)
    if size == 0:
        return f"{symbol}0"
    if size < 0.0001:
        return f"<{symbol}0.0001"
    digits = 4 if size < fine else 2 if size < 10_000 else 0
    return f"{sign}{symbol}{size:,.{digits}f}"


def seconds(value: float | None) -> str:
    """Return a duration: 3 ms, 0.42 s, 12.3 s, 4 min."""
    if value is None or value < 0 or not math.isfinite(value):
        return NOTHING
    if value < 0.0095:
        return f"{value * 1e3:.1f} ms"
    if value < 1:
        return f"{value * 1e3:.0f} ms"
    if value < 100:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return ago(value)


def ago(value: float) -> str:
    """Return a span in one unit: 5 s, 12 min, 3 h, 4 d."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if value >= size:
            return f"{value / size:.0f} {unit}"
    return f"{max(value, 0):.0f} s"


def counted(number: float | None) -> str:
    """Return a whole number: 812, 12,400, 1.2 M; a dash for what was not counted (-1)."""
    if number is None or number < 0:
        return NOTHING
    if number >= 1e6:
        return f"{number / 1e6:,.1f} M"
    return f"{number:,.0f}"


def short(number: float | None) -> str:
    """Return a number of tokens: 812, 7.4k, 128k, 1M; windows are told as they are named."""
    if number is None or number <= 0:
        return NOTHING
    unit = 1024 if number % 1024 == 0 else 1000
    for size, name in ((unit * unit, "M"), (unit, "k")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + name
    return f"{number:.0f}"


def percent(share: float | None) -> str:
    """Return a share as per cent."""
    return NOTHING if share is None else f"{100 * share:.0f}%"


def clock(unix_s: float) -> str:
    """Return the local time of day; with the date where it isn't today's."""
    then, now = time.localtime(unix_s), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%d %b %H:%M", then)


def moment(unix_s: float) -> str:
    """Return date and time with the zone, as <time datetime> wants it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(unix_s))


def gigabytes(size_bytes: float) -> str:
    """Return a size in GB, in MB where that would be 0.0, a dash where unknown."""
    if size_bytes <= 0:
        return NOTHING
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 5e7 else f"{size_bytes / 1e6:.1f} MB"


def because(row: Mapping[str, Any]) -> str:
    """Return a row's reason without the task and complexity that stand beside it."""
    reason: str = row["reason"]
    return reason.partition("; ")[2] if reason.startswith(f"{row['task']} complex") else reason


FILTERS: Mapping[str, Callable[..., Any]] = {
    "because": because,
    "money": money,
    "seconds": seconds,
    "ago": ago,
    "counted": counted,
    "short": short,
    "percent": percent,
    "clock": clock,
    "moment": moment,
    "gigabytes": gigabytes,
}

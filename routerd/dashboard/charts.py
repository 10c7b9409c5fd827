"""Geometry of the charts: numbers in, positions out; the templates draw them as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

WIDTH, HEIGHT = 1100.0, 270.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 8.0, 12.0, 24.0
# Fewer answers than this say little: the cell is drawn as a guess.
FEW = 8.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar is, how high what was spent and what was saved are, and the row."""

    x: float
    width: float
    spent_y: float
    spent: float
    saved_y: float
    saved: float
    day: str
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of an axis: where, and its value or text."""

    at: float
    value: Any


def days_until(last: str, count: int) -> list[str]:
    """Return `count` dates (YYYY-MM-DD) that end with `last`."""
    end = date.fromisoformat(last)
    return [(end - timedelta(days=back)).isoformat() for back in range(count - 1, -1, -1)]


def steps(highest: float, most: int = 4) -> list[float]:
    """Return round values from 0 to just above `highest`."""
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough)
    return [step * i for i in range(math.ceil(highest / step - 1e-9) + 1)]


def savings(rows: Sequence[Mapping[str, Any]], last: str, count: int) -> dict[str, Any]:
    """Return the bars of `count` days: what was spent, and above it what the baseline adds."""
    by_day = {row["day"]: row for row in rows}
    days = days_until(last, count)
    levels = steps(max((_height(by_day[day]) for day in days if day in by_day), default=0.0))
    slot = (WIDTH - _LEFT - _RIGHT) / count

    def middle(place: int) -> float:
        return _LEFT + slot * (place + 0.5)

    every = max(1, math.ceil(count / 7))
    return {
        "bars": [
            _bar(by_day[day], middle(place), min(36.0, slot * 0.72), levels[-1])
            for place, day in enumerate(days)
            if day in by_day
        ],
        "levels": [Tick(_y(level, levels[-1]), level) for level in levels],
        "labels": [
            Tick(round(middle(place), 2), date.fromisoformat(day))
            for place, day in enumerate(days)
            if (count - 1 - place) % every == 0
        ],
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "base": _y(0, levels[-1]),
    }


def _y(value: float, top: float) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1.0 - value / top), 2)


def _bar(row: Mapping[str, Any], middle: float, width: float, top: float) -> Bar:
    spent_y, saved_y, base = _y(max(row["cost"], 0.0), top), _y(_height(row), top), _y(0, top)
    return Bar(
        x=round(middle - width / 2, 2),
        width=round(width, 2),
        spent_y=spent_y,
        spent=round(base - spent_y, 2),
        saved_y=saved_y,
        saved=round(spent_y - saved_y, 2),
        day=row["day"],
        row=row,
    )


def _height(row: Mapping[str, Any]) -> float:
    return max(float(row["cost"]), 0.0) + max(float(row["saved"]), 0.0)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How a model did at a task: mean of the Beta posterior, its spread, and how many answers.

    `level` is 0..8 for the colour; `few` says that it is a guess.
    """

    mean: float
    spread: float
    tried: float
    level: int
    few: bool


def heat_cell(tried: float, well: float) -> HeatCell:
    """Return the cell of so many answers, of which so many went well; from a flat prior."""
    a, b = 1.0 + max(well, 0.0), 1.0 + max(tried - well, 0.0)
    mean = a / (a + b)
    spread = math.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))
    # Models worth using stand between a half and one; below that all is equally bad.
    level = min(8, max(0, int((mean - 0.46) / 0.06)))
    return HeatCell(mean, spread, tried, level, round(tried) < FEW)


def heat_map(cells: Sequence[Any], tasks: Sequence[str]) -> dict[str, Any]:
    """Return the rows (model, cells by task) and the tasks that occur; most tried models first."""
    by_model: dict[str, dict[str, HeatCell]] = {}
    for cell in cells:
        if cell.tried >= 0.5:
            by_model.setdefault(cell.model, {})[cell.task] = heat_cell(cell.tried, cell.well)
    seen = [task for task in tasks if any(task in row for row in by_model.values())]
    order = sorted(by_model, key=lambda model: -sum(c.tried for c in by_model[model].values()))
    return {"tasks": seen, "rows": [(model, by_model[model]) for model in order[:60]]}

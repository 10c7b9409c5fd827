"""Cost-quality curves as one SVG drawing, a panel per source. Pure text, no drawing library."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

WIDTH, HEIGHT, MARGIN, COLUMNS = 360, 260, 44, 2
COLOURS = {"routerd": "#c0392b", "knn": "#2471a3", "fit": "#1e8449", "length": "#7d6608"}


def svg(sources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the drawing: x is cost as a share of always-best's, y is quality."""
    rows = -(-len(sources) // COLUMNS) or 1
    panels = [
        f'<g transform="translate({i % COLUMNS * WIDTH},{i // COLUMNS * HEIGHT})">'
        f"{''.join(_panel(name, source))}</g>"
        for i, (name, source) in enumerate(sources.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{COLUMNS * WIDTH}" '
        f'height="{rows * HEIGHT + 24}" font-family="sans-serif" font-size="11">'
        '<rect width="100%" height="100%" fill="white"/>'
        f"{''.join(panels)}{_legend(rows * HEIGHT + 14)}</svg>\n"
    )


def _panel(name: str, source: Mapping[str, Any]) -> Iterable[str]:
    best, oracle, cheapest = (source[key] for key in ("always_best", "oracle", "always_cheapest"))
    unit = best["cost_usd"] or 1.0
    ends = [oracle["quality"], cheapest["quality"], best["quality"]]
    low, high = min(ends) - 0.02, max(ends) + 0.02

    def place(point: Mapping[str, float]) -> tuple[float, float]:
        x = min(point["cost_usd"] / unit, 1.3) / 1.3
        y = (point["quality"] - low) / (high - low)
        return MARGIN + x * (WIDTH - 1.5 * MARGIN), HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN)

    yield f'<text x="{MARGIN}" y="20" font-weight="bold">{escape(name)}</text>'
    yield from _axes(low, high)
    for curve, points in source["curves"].items():
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in sorted(map(place, points)))
        colour = COLOURS.get(curve, "#555555")
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    mixed = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(cheapest), place(best)))
    yield f'<polyline points="{mixed}" fill="none" stroke="#999999" stroke-dasharray="3 3"/>'
    for label, point in (("best", best), ("cheapest", cheapest), ("oracle", oracle)):
        x, y = place(point)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        yield f'<text x="{x + 4:.1f}" y="{y - 4:.1f}">{label}</text>'


def _axes(low: float, high: float) -> Iterable[str]:
    left, bottom = MARGIN, HEIGHT - MARGIN
    right, top = WIDTH - MARGIN / 2, MARGIN
    yield f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="black"/>'
    yield f'<text x="{left - 4}" y="{bottom}" text-anchor="end">{low:.2f}</text>'
    yield f'<text x="{left - 4}" y="{top + 8}" text-anchor="end">{high:.2f}</text>'
    for share in (0.0, 0.5, 1.0):
        x = left + share / 1.3 * (WIDTH - 1.5 * MARGIN)
        yield f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{share:.0%}</text>'
    yield f'<text x="{right}" y="{bottom + 28}" text-anchor="end">cost / always best</text>'


def _legend(y: float) -> str:
    names = [*COLOURS.items(), ("random mix", "#999999")]
    return "".join(
        f'<text x="{MARGIN + 90 * i}" y="{y}" fill="{colour}">{name}</text>'
        for i, (name, colour) in enumerate(names)
    )

"""`stats`: what was saved and how long answers took, drawn in the terminal."""

import argparse
import datetime
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from routerd.client import DaemonClient, NotRunning
from routerd.settings import places

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

HEIGHT, MOST_COLUMNS = 5, 60


def run(arguments: argparse.Namespace) -> int:
    """Print the statistics. Raises: RouterdError where there is no history to read."""
    here = places.find()
    try:
        found = DaemonClient(here.home).stats(arguments.days)
    except NotRunning:
        from routerd.cli import standalone  # reads the database itself

        found = standalone.stats(here, arguments.days)
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    show(found)
    return 0


def show(found: Mapping[str, Any], out: "Console | None" = None) -> None:
    """Draw what /control/stats says."""
    from rich.padding import Padding  # rich costs 60 ms; JSON needs none of it
    from rich.text import Text

    from routerd.cli import render

    out = out or render.console()
    period = found["period"]
    out.print(Text(f"the last {render.counted(found['days'], 'day')}", "bold"))
    if not period["requests"]:
        out.print("  No request was answered yet; `routerd ask TEXT` makes one.")
        return
    out.print(Padding(_summary(found), (0, 0, 0, 2)))
    for title, drawn in (
        ("saved, by day", _by_day(found, out.width)),
        ("by task", _by_task(found, out.width)),
        ("by model", _by_model(found, out.width)),
    ):
        out.print()
        out.print(Text(title, "bold"))
        out.print(Padding(drawn, (0, 0, 0, 2)))


def money(value: float, currency: str) -> str:
    """Return an amount with as many digits as tell something."""
    sign, size = "-" * (value < 0), abs(value)
    digits = 2 if size >= 1 or size == 0 else 4
    unit = "$" if currency == "USD" else f"{currency} "
    return f"{sign}{unit}{size:,.{digits}f}"


def seconds(times: Mapping[str, Any], what: str, which: str = "p50") -> str:
    """Return a time, '-' where none was measured."""
    told = times.get(what)
    if told is None:
        return "-"
    value = told[which]
    return f"{value * 1e3:.0f} ms" if value < 1 else f"{value:.1f} s"


def _grid(*right: bool) -> "Table":
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for at_right in right:
        table.add_column(justify="right" if at_right else "left", no_wrap=not at_right)
    return table


def _summary(found: Mapping[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for heading, words in summary(found):
        table.add_row(heading, words)
    return table


def summary(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (heading, words) of the whole period."""
    from routerd.cli.render import counted

    period, unit, times = found["period"], found["currency"], found["latency"]
    saved = f"{money(period['saved'], unit)} against {found['baseline']}"
    if period["baseline_cost"] > 0:
        saved += f" ({period['saved'] / period['baseline_cost']:.0%} of what it would have cost)"
    so_far = ", ".join(
        f"{name} {money(found[key]['saved'], unit)}"
        for name, key in (("today", "today"), ("this month", "month"), ("ever", "total"))
    )
    local = period["local_share"]
    answered = f"{counted(period['requests'], 'request')}"
    answered += f", {local:.0%} on this machine" if local is not None else ""
    answered += f", {period['failures']} failed" if period["failures"] else ", none failed"
    first = f"first byte {seconds(times, 'ttft_s')}, p95 {seconds(times, 'ttft_s', 'p95')}"
    whole = f"whole {seconds(times, 'duration_s')}, p95 {seconds(times, 'duration_s', 'p95')}"
    tokens = f"{period['input_tokens']:,} tokens in, {period['output_tokens']:,} out"
    return [
        ("saved", saved),
        ("", so_far),
        ("paid", f"{money(period['cost'], unit)} for {tokens}"),
        ("answered", answered),
        ("latency", f"{first} · {whole} (medians)"),
    ]


def days_of(found: Mapping[str, Any]) -> list[tuple[datetime.date, Mapping[str, Any] | None]]:
    """Return every day of the period, those without a request too, up to the newest one told."""
    rows = {datetime.date.fromisoformat(row["day"]): row for row in found["by_day"]}
    if not rows:
        return []
    last, count = max(rows), min(found["days"], (max(rows) - min(rows)).days + 1)
    days = [last - datetime.timedelta(days=back) for back in reversed(range(count))]
    return [(day, rows.get(day)) for day in days]


def _by_day(found: Mapping[str, Any], width: int) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    from routerd.cli import charts

    days = days_of(found)
    saved = charts.folded([row["saved"] if row else 0.0 for _, row in days], MOST_COLUMNS)
    asked = charts.folded([row["requests"] if row else 0 for _, row in days], MOST_COLUMNS)
    each = max(1, min(5, (width - 24) // len(saved) - 1))
    lines = charts.columns(saved, HEIGHT, width=each)
    top = money(max(saved), found["currency"])
    parts: list[Text] = []
    for at, line in enumerate(lines):
        parts.append(Text.assemble((f"{top if at == 0 else '':>9} ", "dim"), (line, "green")))
    first, last = days[0][0], days[-1][0]
    across = len(saved) * (each + 1) - 1
    names = f"{first:%b %d}" + f"{last:%b %d}".rjust(max(across - 6, 0)) * (first != last)
    parts.append(Text(f"{'':>9} {names}", "dim"))
    (spark,) = charts.columns(asked, 1, width=each)
    most = f"  most {max(asked):,.0f}"
    parts.append(Text.assemble((f"{'requests':>9} ", "dim"), (spark, "cyan"), (most, "dim")))
    return Group(*parts)


def _by_task(found: Mapping[str, Any], width: int) -> "Table":
    from routerd.cli import charts

    rows = found["by_task"]
    most = max(row["requests"] for row in rows)
    wide = max(8, min(40, width - 62))
    table = _grid(False, True, False, True, True, True)
    for column, heading in zip(
        table.columns,
        ("task", "requests", "█ here ░ elsewhere", "here", "cost", "saved"),
        strict=True,
    ):
        column.header = heading
    for row in rows:
        here = row["answered_here"] / most
        bar = charts.split_bar(here, (row["answered"] - row["answered_here"]) / most, wide)
        table.add_row(
            row["task"],
            f"{row['requests']:,}",
            bar,
            _share(row["local_share"]),
            money(row["cost"], found["currency"]),
            money(row["saved"], found["currency"]),
        )
    return table


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _by_model(found: Mapping[str, Any], width: int) -> "Table":
    from rich.text import Text

    from routerd.cli import charts, render

    rows: Sequence[Mapping[str, Any]] = found["by_model"]
    most = max(row["requests"] for row in rows)
    broad, wide = width >= 90, width >= 118
    headings = ["model", "requests", *[""] * wide, *["zone"] * broad, "first\nbyte", "p95"]
    headings += ["whole", "p95", "cost", "saved"]
    table = _grid(*(heading not in ("model", "", "zone") for heading in headings))
    for column, heading in zip(table.columns, headings, strict=True):
        column.header = heading
    table.columns[0].overflow, table.columns[0].no_wrap = "fold", False
    for row in rows:
        zone = row["zone"]
        drawn = Text(charts.bar(row["requests"] / most, 10), render.ZONES.get(zone, "red"))
        times = row["latency"]
        table.add_row(
            row["model"] or "nobody",
            f"{row['requests']:,}",
            *[drawn] * wide,
            *[Text(zone or "-", render.ZONES.get(zone, ""))] * broad,
            *(seconds(times, what, p) for what in ("ttft_s", "duration_s") for p in ("p50", "p95")),
            money(row["cost"], found["currency"]),
            money(row["saved"], found["currency"]),
        )
    return table

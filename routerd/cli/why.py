"""Draws `routerd why` and `routerd route`: a decision, its reasons, and what came of it."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from routerd.cli import charts, reasons, render
from routerd.cli.reasons import TERMS

# From so many columns on there is room for what a call would cost, and for bars and zones.
BROAD, WIDE = 96, 120
SHOWN = 8
_COLOURS = {
    "complexity": "cyan",
    "history": "blue",
    "cost": "green",
    "latency": "yellow",
    "availability": "magenta",
}
_HEADINGS = ("complexity", "history", "cost", "latency", "avail.")
_GOOD, _POOR = "green", "red"


def show(made: dict[str, Any], out: Console | None = None, *, everybody: bool = False) -> None:
    """Print a decision, and the outcome where there is one; `everybody`: no candidate left out."""
    out = out or render.console()
    out.print(_headline(made))
    out.print(_indented(_circumstances(made)))
    if made["candidates"]:
        out.print(_section("who could answer", _scores(made, out.width, everybody=everybody)))
        out.print(_section(_where_from(made), _sources(made, out.width)))
        out.print(_section("what would have changed it", _changes(made)))
    if made["exclusions"]:
        total = len(made["exclusions"])
        out.print(_section(f"who could not ({total})", _exclusions(made["exclusions"])))
    if outcome := made.get("outcome"):
        out.print(_section("what happened", _outcome(made, outcome, out.width)))
    out.print(Text(_footer(made), "dim"))


def _indented(inner: RenderableType) -> Padding:
    return Padding(inner, (0, 0, 0, 2))


def _section(title: str, inner: RenderableType) -> Group:
    return Group("", Text(title, "bold"), _indented(inner))


def _grid(*ratios: str) -> Table:
    """Return a table without lines; "fold" columns may wrap, "" ones don't."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for overflow in ratios:
        table.add_column(overflow="fold", no_wrap=overflow != "fold")
    return table


def _headline(made: dict[str, Any]) -> Group:
    chosen = made["chosen"]
    outcome = made.get("outcome") or {}
    line = Text("→ ", "bold")
    if not chosen:
        line.append("nobody may answer", f"bold {_POOR}")
        return Group(line, _indented(reasons.understood(made)))
    zone = next(e["zone"] for e in made["candidates"] if e["model"] == chosen)
    line.append(chosen, f"bold {_GOOD}").append(f"  {zone}", render.ZONES[zone])
    winner = outcome.get("model")
    if winner and winner != chosen:
        line.append("  then  ", "dim").append(winner, "bold yellow")
    return Group(line, _indented(Text(reasons.understood(made))))


def _circumstances(made: dict[str, Any]) -> Table:
    table = _grid("", "fold")
    for heading, words in reasons.circumstances(made):
        style = "yellow" if heading in ("screening", "your rules") else ""
        table.add_row(Text(heading, "dim"), Text(words, style))
    return table


def _stack(entry: dict[str, Any], weights: dict[str, float], width: int) -> Text:
    """Return the total as one bar whose pieces are the weighted terms."""
    text, drawn, ends = Text(), 0, 0.0
    for term in TERMS:
        ends += entry["terms"][term] * weights[term] * width
        text.append("█" * (round(ends) - drawn), _COLOURS[term])
        drawn = round(ends)
    return text


def _scores(made: dict[str, Any], width: int, *, everybody: bool) -> Table:
    wide, broad = width >= WIDE, width >= BROAD
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("score\nweight", justify="right", no_wrap=True)
    if wide:
        table.add_column("", no_wrap=True)
    table.add_column("model", overflow="fold", ratio=1)
    for term, heading in zip(TERMS, _HEADINGS, strict=True):
        name = Text(heading, _COLOURS[term]).append(f"\n{made['weights'][term]:.2f}", "dim")
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column("p(success)", justify="right", no_wrap=True)
    if broad:
        table.add_column("cost, time", justify="right", no_wrap=True)
    candidates = made["candidates"]
    noted = False
    for at, entry in enumerate(candidates if everybody else candidates[:SHOWN]):
        # The first one can be below only because the conversation holds it.
        if at and not entry["above_floor"] and not noted:
            note = Text(reasons.floor(made), "dim italic")
            table.add_row("", *([""] if wide else []), note)
            noted = True
        table.add_row(*_row(made, entry, wide=wide, broad=broad))
    if not everybody and len(candidates) > SHOWN:
        left = len(candidates) - SHOWN
        hint = Text(f"and {left} more (--all)", "dim")
        table.add_row("", *([""] if wide else []), hint)
    return table


def _row(made: dict[str, Any], entry: dict[str, Any], *, wide: bool, broad: bool) -> list[Text]:
    first = entry["model"] == made["chosen"]
    style = "bold" if first else "" if entry["above_floor"] else "dim"
    name = Text(entry["model"], style)
    if wide:
        name.append(f"  {entry['zone']}", render.ZONES[entry["zone"]])
    cells = [Text(f"{entry['total']:.3f}", style)]
    cells += [_stack(entry, made["weights"], 16)] if wide else []
    cells += [name, *(Text(f"{entry['terms'][term]:.2f}", style) for term in TERMS)]
    if wide:
        cells.append(Text(f"{entry['p_success']:.2f}", style))
    if broad:
        seconds = f"{entry['expected_seconds']:.1f} s"
        cells.append(Text(f"{reasons.money(entry['expected_cost_usd'])}, {seconds}", style))
    return cells


def _where_from(made: dict[str, Any]) -> str:
    return f"where {made['candidates'][0]['total']:.3f} comes from"


def _sources(made: dict[str, Any], width: int) -> Table:
    entry = made["candidates"][0]
    told = reasons.sources(made, entry)
    table = _grid("", "", "", "fold")
    for term in TERMS:
        value, weight = entry["terms"][term], made["weights"][term]
        sum_ = Text(f"{value:.2f} * {weight:.2f} = {value * weight:.3f}")
        drawn = Text(charts.bar(value * weight / max(made["weights"].values()), 8), _COLOURS[term])
        cells = [Text(term, _COLOURS[term]), sum_]
        table.add_row(*cells, drawn if width >= BROAD else Text(), Text(told[term]))
    return table


def _changes(made: dict[str, Any]) -> RenderableType:
    explanation = made.get("explanation")
    if explanation is None:
        return Text("this daemon is older and does not say; restart it", "dim")
    lines = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    rival = explanation["rival"]
    if rival:
        lines.add_row("", Text(reasons.rival(rival)))
    for what, winner in reasons.changes(explanation["changes"], made["exclusions"]):
        lines.add_row("•", Text.assemble(f"{what} → ", (winner, "bold")))
    if made.get("pinned"):
        return Text("any other name, or auto: a model asked for by name is not weighed", "dim")
    if not explanation["changes"]:
        words = "no single weight, floor or complexity would have" if rival else "nobody else could"
        lines.add_row("•", Text(words, "dim"))
    return lines


def _exclusions(exclusions: list[dict[str, Any]]) -> Table:
    table = _grid("fold", "fold")
    for reason, models in reasons.grouped(exclusions):
        table.add_row(Text(reasons.listed(models), "dim"), Text(reason))
    return table


def _outcome(made: dict[str, Any], outcome: dict[str, Any], width: int) -> Group:
    parts: list[RenderableType] = [_attempts(outcome, timeline=width >= BROAD)]
    good = outcome["finish"] not in ("failed", "cancelled")
    finish = (outcome["finish"].replace("_", " "), f"bold {_GOOD if good else _POOR}")
    line = Text.assemble(finish, f" after {outcome['duration_s']:.2f} s, ")
    line.append(reasons.sums(outcome, made.get("baseline")))
    parts.append(line)
    if outcome["error"]:
        parts.append(Text(outcome["error"], _POOR))
    for seen in made.get("facts", {}).get("evidence", ()):
        what = seen["kind"].replace("_", " ")
        parts.append(Text(f"since then: {what} (now {seen['value']:.0%} likely good)", "dim"))
    return Group(*parts)


def _attempts(outcome: dict[str, Any], *, timeline: bool) -> Table:
    table = _grid("fold", *[""] * timeline, "", "fold")
    began = min((attempt["started_s"] for attempt in outcome["attempts"]), default=0.0)
    for attempt in outcome["attempts"]:
        first = f"{attempt['ttft_s']:.2f} s" if attempt["ttft_s"] >= 0 else "never"
        times = f"first byte {first}, took {attempt['duration_s']:.2f} s"
        when = [_span(attempt, began, outcome["duration_s"])] * timeline
        table.add_row(Text(attempt["model"]), *when, Text(times, "dim"), _result(attempt))
    return table


def _span(attempt: dict[str, Any], began_s: float, whole_s: float, width: int = 12) -> Text:
    """Return when in the whole it ran: waiting for its first byte light, then full."""
    scale = width / max(whole_s, attempt["started_s"] - began_s + attempt["duration_s"], 1e-9)
    start = round((attempt["started_s"] - began_s) * scale)
    waited = attempt["ttft_s"] if attempt["ttft_s"] >= 0 else attempt["duration_s"]
    light = round(waited * scale)
    full = max(0, round(attempt["duration_s"] * scale) - light)
    if not light + full:
        full = 1
    start = min(start, width - light - full)
    style = _POOR if attempt["failure"] else "cyan"
    text = Text.assemble(" " * start, ("░" * light, style), ("█" * full, style))
    text.pad_right(width - start - light - full)
    return text


def _result(attempt: dict[str, Any]) -> Text:
    if attempt["failure"]:
        return Text(f"{attempt['failure']}: {attempt['error']}", _POOR)
    if attempt.get("faults"):
        return Text(f"answered, but {'; '.join(attempt['faults'])}", "yellow")
    if attempt.get("checked"):
        return Text(f"answered, {render.counted(attempt['checked'], 'check')} passed", _GOOD)
    return Text("answered", _GOOD)


def _footer(made: dict[str, Any]) -> str:
    understood, decided = made["features"]["understand_ms"], made["decide_ms"]
    facts = made.get("facts") or {}
    client = f" · for {facts['client']}" if facts.get("client") else ""
    took = f"understood in {understood:.1f} ms, decided in {decided:.1f} ms"
    return f"\n{took}{client} · {made['id']}"

"""Draws the status for people, and what every picture in the terminal is made of."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

ZONES = {"device": "green", "network": "yellow", "cloud": "magenta"}
# What a pipe is given: wide enough that no row of a table breaks.
PIPE_WIDTH = 160
# Model names of one engine in `status`; `routerd models` lists them all.
SHOWN = 6


def counted(number: int, noun: str) -> str:
    """Return "1 entry", "2 entries"."""
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun[-1] == "y" and noun[-2] not in "aeiou" else noun + "s"
    return f"{number:,} {plural}"


def short(text: str) -> str:
    """Return the text with this user's home as ~."""
    return text.replace(str(Path.home()), "~")


def console() -> Console:
    """Return a console that colours on a terminal and is plain in a pipe."""
    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


def status(found: dict[str, Any]) -> None:
    """Print where the daemon listens, what it found, and what to do where that is nothing."""
    out = console()
    good = found["state"] == "ready"
    out.print(Text.assemble(("routerd ", "bold"), (found["state"], "green" if good else "yellow")))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("OpenAI", found["base_url"])
    table.add_row("MCP", f"{found['mcp_url']}  (stdio: routerd mcp)")
    table.add_row("token", short(f"{found['home']}/token"))
    mode = f"offline ({found['offline_layer']})" if found["offline"] else "network zones allowed"
    table.add_row("mode", f"{mode}, profile {found['profile']}")
    table.add_row("classifier", found["classifier"])
    table.add_row(
        "so far",
        counted(found["requests"], "request") + ", " + counted(found["memories"], "memory"),
    )
    for heading, words in _lately(found):
        table.add_row(heading, words)
    out.print(table)
    out.print(_engines(found))
    for warning in found["warnings"]:
        out.print(Text(f"! {warning}", "yellow"))
    advice(out, found["state"])


def _lately(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (heading, words) of what was saved, refused and paused; nothing where there is nothing.

    A daemon of an earlier version does not tell.
    """
    saved, refused = found.get("saved", {}), found.get("refused", {})
    if saved.get("month"):
        money = [f"{saved[when]:,.2f} {saved['currency']}" for when in ("today", "month")]
        yield "saved", f"{money[0]} today, {money[1]} this month"
    if refused.get("count"):
        times = counted(refused["count"], "time")
        yield "kept here", f"{times}, last {refused['host']}: {refused['reason']}"
    if found.get("paused"):
        left_s = found.get("paused_left_s") or 0.0
        until = f"for another {left_s / 60:.0f} min" if left_s else "until `routerd resume`"
        yield "paused", until


def _engines(found: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("\nengine", "\nzone", "\naddress", "\nmodels"):
        table.add_column(heading, overflow="fold")
    for engine in found["engines"]:
        names = [
            model["name"].partition("/")[2]
            for model in found["models"]
            if model["provider"] == engine["name"] and model["usable"]
        ]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        models = Text(", ".join(names[:SHOWN]) + more)
        if not engine["up"] and "refused the connection" in engine["detail"]:
            models.append("not running", "dim")
        elif engine["detail"]:
            # Its address stands beside it.
            detail = engine["detail"].replace(f"in {engine['address']}", "there")
            models.append(f"{' - ' if names else ''}{short(detail)}", "dim")
        table.add_row(
            Text(engine["name"], "" if engine["up"] else "dim"),
            Text(engine["zone"], ZONES[engine["zone"]]),
            short(engine["address"]),
            models,
        )
    return table


def advice(out: Console, state: str) -> None:
    """Say what to do when there is no model for work."""
    if state not in ("no models", "plumbing check only"):
        return
    what = (
        "Only the built-in plumbing check answers: it proves that the way works, it is not a "
        "model for work."
        if state == "plumbing check only"
        else "No model can answer."
    )
    steps = (
        "routerd pull Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf\n"
        "or Ollama:    ollama pull qwen2.5-coder:7b\n"
        "or LM Studio: load a model and start its server"
    )
    out.print(Panel(f"{what} Get one:\n\n{steps}", border_style="yellow", expand=False))

"""Draws `routerd models`: one table of every model, with whether it can be used or why not."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from routerd.cli import render

_RIGHT = ("context", "load", "tok/s", "ability", "$ in/cached/out", "health")
_ZONES = {"device": "green", "network": "yellow", "cloud": "magenta"}


def show(found: dict[str, Any], out: Console | None = None) -> None:
    """Print the models of a Status, then the engines that could not be reached."""
    out = out or render.console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("model", "engine", "zone", "context", "can", "load", "tok/s", "ability"):
        table.add_column(heading, justify="right" if heading in _RIGHT else "left", overflow="fold")
    table.add_column("$ in/cached/out", justify="right")
    table.add_column("health", justify="right")
    table.add_column("usable", overflow="fold")
    for model in found["models"]:
        table.add_row(
            Text(model["name"], "" if model["usable"] else "dim"),
            model["engine"],
            Text(model["zone"], _ZONES[model["zone"]]),
            context(model),
            ", ".join(model["capabilities"]) or "-",
            "warm" if model["warm"] else f"{model['load_s']:.0f} s",
            f"{model['tokens_per_s']:.0f}",
            f"{model['ability']:.1f}±{model['ability_sd']:.1f}",
            price(model),
            f"{model['health']:.2f}",
            usable(model),
        )
    out.print(table)
    for engine in found["engines"]:
        if not engine["up"]:
            out.print(Text(f"{engine['name']} ({engine['address']}): {engine['detail']}", "dim"))
    render.advice(out, found["state"])


def context(model: dict[str, Any]) -> str:
    """Return the window in effect, and of how many where it is loaded with less."""
    most, now = model["context_tokens"], model["loaded_tokens"]
    if now and now != most:
        return f"{now:,} of {most:,}" if most else f"{now:,}"
    return f"{most:,}" if most else "?"


def price(model: dict[str, Any]) -> str:
    """Return dollars per million tokens, nothing for what costs nothing."""
    told = (model["price_input"], model["price_cached_input"], model["price_output"])
    return "/".join(f"{usd:g}" for usd in told) if any(told) else "-"


def usable(model: dict[str, Any]) -> Text:
    """Return yes, or why not."""
    if model["usable"]:
        return Text("plumbing check" if model["plumbing"] else "yes", "green")
    return Text(model["reason"] or "no", "yellow")

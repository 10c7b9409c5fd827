"""Draws `routerd models`: one table of every model, with whether it can be used or why not."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from routerd.cli import render

_RIGHT = ("context", "load", "tok/s", "ability", "$ in/cached/out", "health")
BROAD, WIDE = 96, 150
HEALTHY = 0.95
_SHORT = {
    "tools": "tools",
    "vision": "vision",
    "json_schema": "json",
    "fim": "fim",
    "thinking": "think",
    "embeddings": "embed",
}


def show(found: dict[str, Any], out: Console | None = None) -> None:
    """Print the models of a Status, then the engines that could not be reached."""
    out = out or render.console()
    if out.width >= WIDE:
        out.print(_one_a_line(found))
    else:
        out.print(_by_engine(found, broad=out.width >= BROAD))
        for model in found["models"]:
            if not model["usable"]:
                out.print(Text(f"{model['name']}: ", "dim").append_text(usable(model)))
    for engine in found["engines"]:
        if not engine["up"]:
            out.print(Text(f"{engine['name']} ({engine['address']}): {engine['detail']}", "dim"))
    render.advice(out, found["state"])


def _one_a_line(found: dict[str, Any]) -> Table:
    """Return all there is to know, each model in one line, for wide terminals and for pipes."""
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
            Text(model["zone"], render.ZONES[model["zone"]]),
            context(model),
            ", ".join(model["capabilities"]) or "-",
            load(model),
            f"{model['tokens_per_s']:.0f}",
            ability(model),
            price(model),
            f"{model['health']:.2f}",
            usable(model),
        )
    return table


def _by_engine(found: dict[str, Any], *, broad: bool) -> Table:
    """Return the models below their engines, for terminals of usual width."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    headings = ("model", "window", "can", "tok/s", "$ in/out", "health", "load", "ability")
    for heading in headings if broad else headings[:-2]:
        right = heading not in ("model", "can")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "can")
    for engine in found["engines"]:
        own = [m for m in found["models"] if m["provider"] == engine["name"] and m["usable"]]
        if not own:
            continue
        head = Text(engine["name"], "bold")
        table.add_row(head.append(f"  {engine['zone']}", render.ZONES[engine["zone"]]))
        for model in own:
            table.add_row(*(_short(model) if broad else _short(model)[:-2]))
    return table


def _short(model: dict[str, Any]) -> list[Text]:
    name = model["name"].partition("/")[2]
    can = " ".join(_SHORT[able] for able in model["capabilities"] if able in _SHORT)
    paid = f"{model['price_input']:g}/{model['price_output']:g}" if price(model) != "-" else "free"
    figures = (f"{model['tokens_per_s']:.0f}", paid)
    health = Text(f"{model['health']:.2f}", "" if model["health"] >= HEALTHY else "yellow")
    if model["plumbing"]:
        health = Text("plumbing", "dim")
    first = (Text(f"  {name}"), Text(window(model)), Text(can))
    return [*first, *map(Text, figures), health, Text(load(model)), Text(ability(model))]


def load(model: dict[str, Any]) -> str:
    """Return warm, or the seconds of a cold start."""
    return "warm" if model["warm"] else f"{model['load_s']:.0f} s"


def ability(model: dict[str, Any]) -> str:
    """Return the ability in logits, give or take."""
    return f"{model['ability']:.1f}±{model['ability_sd']:.1f}"


def window(model: dict[str, Any]) -> str:
    """Return the window as `context` does, in thousands."""
    most, now = model["context_tokens"], model["loaded_tokens"]
    if now and most and now != most:
        return f"{_thousands(now)} of {_thousands(most)}"
    return _thousands(most or now)


def _thousands(tokens: int) -> str:
    if not tokens:
        return "?"
    # 131,072 is 128k to those who made it; 200,000 is 200k.
    return f"{tokens // 1024}k" if tokens % 1024 == 0 else f"{tokens / 1000:.0f}k"


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

"""Draws status, models and decisions for people; what it gets is the JSON of `endpoints.views`."""

import sys
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

TERMS = ("complexity", "history", "cost", "latency", "availability")
_ZONES = {"device": "green", "network": "yellow", "cloud": "magenta"}
# What a pipe is given: wide enough that no row of a table breaks.
PIPE_WIDTH = 160
# Model names of one engine in `status`; `routerd models` lists them all.
SHOWN = 6


def counted(number: int, noun: str) -> str:
    """Return "1 entry", "2 entries"."""
    if number == 1:
        return f"1 {noun}"
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {many}"


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
    table.add_row("token", f"{found['home']}/token")
    mode = f"offline ({found['offline_layer']})" if found["offline"] else "network zones allowed"
    table.add_row("mode", f"{mode}, profile {found['profile']}")
    table.add_row("classifier", found["classifier"])
    table.add_row(
        "so far",
        counted(found["requests"], "request") + ", " + counted(found["memories"], "memory"),
    )
    out.print(table)
    out.print(_engines(found))
    for warning in found["warnings"]:
        out.print(Text(f"! {warning}", "yellow"))
    advice(out, found["state"])


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
            models.append(f"{' - ' if names else ''}{engine['detail']}", "dim")
        table.add_row(
            Text(engine["name"], "" if engine["up"] else "dim"),
            Text(engine["zone"], _ZONES[engine["zone"]]),
            engine["address"],
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


def decision(made: dict[str, Any]) -> None:
    """Print a decision, and the outcome where there is one."""
    out = console()
    out.print(_headline(made))
    for line in _governed(made):
        out.print(Text(line, "yellow"))
    if made["candidates"]:
        out.print(_scores(made))
    if made["exclusions"]:
        out.print(_exclusions(made["exclusions"]))
    outcome = made.get("outcome")
    if outcome:
        out.print(_outcome(outcome))
    for seen in made.get("facts", {}).get("evidence", ()):
        what = seen["kind"].replace("_", " ")
        out.print(Text(f"since then: {what} (now {seen['value']:.0%} likely good)", "dim"))


def _headline(made: dict[str, Any]) -> Group:
    seen = made["features"]
    chosen = Text.assemble(("→ ", "bold"), (made["chosen"] or "nobody may answer", "bold green"))
    if not made["chosen"]:
        chosen.stylize("bold red")
    facts = Text.assemble(
        (seen["task"], "bold"),
        f" ({seen['task_confidence']:.0%} sure), complexity ",
        (f"{seen['complexity']:.2f}", "bold"),
        f", language {seen['language']}, about {seen['input_tokens']} tokens in, ",
        counted(len(seen["neighbours"]), "similar past task"),
    )
    asked = f"asked for {made['requested_model']}, profile {made['profile']}"
    needs = [name for name, value in seen["needs"].items() if value is True]
    took = f"understood in {seen['understand_ms']:.1f} ms, decided in {made['decide_ms']:.1f} ms"
    held = made.get("session") or {}
    if made.get("explored"):
        asked += f"; exploring {made['explored']}"
    if held.get("because"):
        asked += f"; session {held['action'].replace('_', ' ')}: {held['because']}"
    rest = f"{asked}; {'needs ' + ', '.join(needs) + '; ' if needs else ''}{took}; {made['id']}"
    return Group(chosen, facts, Text(rest, "dim"), "")


def _governed(made: dict[str, Any]) -> list[str]:
    """Return which rules of the user's apply, and what was found and became of it."""
    lines = []
    if made.get("policy_rules"):
        lines.append(f"policy rules: {', '.join(made['policy_rules'])}")
    if made.get("findings"):
        names = sorted({finding["detector"] for finding in made["findings"]})
        lines.append(f"found {', '.join(names)}; the policy says {made['screened']}")
    return lines


def _bar(value: float) -> Text:
    """Return the term's value with a bar of up to five blocks."""
    full, part = divmod(round(value * 40), 8)
    blocks = "█" * full + (" ▏▎▍▌▋▊▉"[part].strip())
    return Text.assemble(f"{value:.2f} ", (f"{blocks:<5}", "cyan"))


def _scores(made: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("model", overflow="fold")
    table.add_column("zone")
    table.add_column("score", justify="right")
    for term in TERMS:
        table.add_column(f"{term}\nweight {made['weights'][term]:.2f}")
    table.add_column("p(success)", justify="right")
    table.add_column("cost, time", justify="right")
    for rank, entry in enumerate(made["candidates"]):
        style = "bold" if rank == 0 else "" if entry["above_floor"] else "dim"
        usd = entry["expected_cost_usd"]
        table.add_row(
            Text(entry["model"], style),
            Text(entry["zone"], _ZONES[entry["zone"]]),
            Text(f"{entry['total']:.3f}", style),
            *(_bar(entry["terms"][term]) for term in TERMS),
            f"{entry['p_success']:.2f}" + ("" if entry["above_floor"] else " below floor"),
            f"{'free' if usd == 0 else f'${usd:.4f}'}, {entry['expected_seconds']:.1f} s",
        )
    return table


def _exclusions(exclusions: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("\nexcluded", overflow="fold")
    table.add_column("\nrule")
    table.add_column("\nbecause", overflow="fold")
    for exclusion in exclusions:
        table.add_row(exclusion["model"], exclusion["rule"], exclusion["reason"])
    return table


def _outcome(outcome: dict[str, Any]) -> Group:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("\nattempt", "\nresult", "\nfirst byte", "\ntook"):
        table.add_column(heading, overflow="fold")
    for attempt in outcome["attempts"]:
        first = f"{attempt['ttft_s']:.2f} s" if attempt["ttft_s"] >= 0 else "none"
        result = Text("answered", "green")
        if attempt["failure"]:
            result = Text(f"{attempt['failure']}: {attempt['error']}", "red")
        elif attempt.get("faults"):
            result = Text(f"answered, but {'; '.join(attempt['faults'])}", "yellow")
        elif attempt.get("checked"):
            result = Text(f"answered, {attempt['checked']} checked", "green")
        table.add_row(attempt["model"], result, first, f"{attempt['duration_s']:.2f} s")
    usage = outcome["usage"]
    told = [n if n >= 0 else "?" for n in (usage["input_tokens"], usage["output_tokens"])]
    line = Text.assemble(
        "\n",
        (outcome["finish"], "bold red" if outcome["finish"] == "failed" else "bold"),
        f" after {outcome['duration_s']:.2f} s, {told[0]} tokens in, {told[1]} out, ",
        f"${outcome['cost_usd']:.4f}",
    )
    if outcome["error"]:
        line.append(f"\n{outcome['error']}", "red")
    return Group(table, line)

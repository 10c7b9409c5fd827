"""`doctor`: looks at everything that has to be right, says what is not, and how to mend it."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from routerd.cli import lifecycle
from routerd.cli.checks import doors, engines, files, keys, machine, settings, tools
from routerd.cli.checks.finding import LEVELS, Finding, Scene
from routerd.client import DaemonError
from routerd.core.config import Config
from routerd.core.errors import ConfigInvalid, RouterdError
from routerd.settings import load, places

Check = Callable[[Scene], Iterable[Finding]]
CHECKS: dict[str, tuple[Check, ...]] = {
    "daemon": (doors.running, doors.endpoint_file, doors.port, machine.autostart),
    "settings": (settings.config, settings.rules, settings.catalogue),
    "engines": (engines.engines, engines.models, engines.versions, engines.windows, engines.memory),
    "keys": (keys.keyring, keys.stored_keys, keys.plain_text, keys.environment),
    "tools": (tools.wiring, tools.variables),
    "files": (files.permissions, files.disk, files.database, files.models),
    "machine": (
        machine.execution_provider,
        machine.offline_layer,
        machine.proxies,
        machine.tray,
    ),
}
Found = list[tuple[str, Finding]]
_MARKS = {"ok": ("✓", "green"), "note": ("•", "blue"), "warning": ("!", "yellow"),
          "problem": ("✗", "bold red")}  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Look at everything; 0 without a problem, 1 with one."""
    here = places.find()
    found = examine(scene_of(here), quiet=arguments.json)
    if arguments.fix:
        mended = list(mend(found, ask=asker(arguments)))
        for line in mended:
            print(line, file=sys.stderr if arguments.json else sys.stdout)
        if mended:
            found = examine(scene_of(here), quiet=arguments.json)
    if arguments.json:
        print(json.dumps(as_json(found), indent=2))
    else:
        _draw(found)
    return 1 if any(finding.level == "problem" for _, finding in found) else 0


def scene_of(here: places.Places) -> Scene:
    """Return what the checks look at: the daemon's word, or what is found without one."""
    config, fault = Config(), ""
    try:
        config = load.load(here.config)
    except ConfigInvalid as error:
        fault = error.message
    status, daemon_fault = None, ""
    try:
        status = lifecycle.running(here)
    except DaemonError as error:
        daemon_fault = error.message
    seen: dict[str, Any] = status or {}
    if status is None and not fault:
        from routerd.cli import standalone  # every provider; a running daemon has looked already

        try:
            seen = standalone.engines(here, config)
        except RouterdError as error:
            fault = error.message
    return Scene(here, Path.home(), os.environ, config, fault, status, seen, daemon_fault)


def examine(scene: Scene, *, quiet: bool) -> Found:
    """Return every finding with its group, in the order of CHECKS."""
    from routerd.cli.progress import steps  # rich costs 60 ms

    checks = [(group, check) for group, many in CHECKS.items() for check in many]
    return [
        (group, finding)
        for group, check in steps(checks, "looking", quiet=quiet)
        for finding in _found(check, scene)
    ]


def _found(check: Check, scene: Scene) -> list[Finding]:
    """Return what a check finds; one that fails is a finding itself, and hides no other."""
    try:
        return list(check(scene))
    except (OSError, RouterdError) as error:
        return [Finding("warning", f"{check.__name__} could not be looked at: {error}")]


def mend(found: Found, ask: Callable[[str], bool]) -> Iterator[str]:
    """Do what mends; what is not safe by itself only once `ask` agrees. Yields what was done."""
    for _, finding in found:
        question = f"{finding.what}: {finding.offer}"
        if finding.repair is None or not (finding.safe or ask(question)):
            continue
        try:
            yield finding.repair()
        except (OSError, RouterdError) as error:
            yield f"not mended: {finding.what} ({error})"


def asker(arguments: argparse.Namespace) -> Callable[[str], bool]:
    """Return what asks a person on the terminal; without one the answer is no."""

    def ask(what: str) -> bool:
        if arguments.json or not sys.stdin.isatty():
            return False
        return input(f"{what}? [y/N] ").strip().lower() in ("y", "yes")

    return ask


def as_json(found: Found) -> dict[str, Any]:
    """Return the findings for scripts."""
    counts = {level: sum(f.level == level for _, f in found) for level in LEVELS}
    return {
        "ok": not counts["problem"],
        "counts": counts,
        "findings": [
            {
                "group": group,
                "level": finding.level,
                "what": finding.what,
                "why": finding.why,
                "fix": finding.fix,
                "repairable": finding.repair is not None,
            }
            for group, finding in found
        ],
    }


def _draw(found: Found) -> None:
    from rich.table import Table  # rich costs 60 ms
    from rich.text import Text

    from routerd.cli import render

    out = render.console()
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    last = ""
    for group, finding in found:
        mark, style = _MARKS[finding.level]
        text = Text(
            render.short(finding.what), style if finding.level in ("warning", "problem") else ""
        )
        if finding.why and finding.level != "ok":
            text.append(f"\n{finding.why}", "not bold dim default")
        if finding.fix and finding.level != "ok":
            text.append("\n→ ", "not bold dim default").append(finding.fix, "not bold cyan")
        table.add_row(group if group != last else "", Text(mark, style), text)
        last = group
    out.print(table)
    counts = as_json(found)["counts"]
    told = [render.counted(n, level) for level, n in counts.items() if n and level != "ok"]
    out.print(Text(f"\n{', '.join(told) or 'all is well'}; {counts['ok']} fine", "bold"))
    if any(finding.repair for _, finding in found):
        out.print(Text("routerd doctor --fix mends what can be mended safely", "dim"))

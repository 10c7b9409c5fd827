"""`completion SHELL`: the lines that make a shell complete routerd's commands; and the completing.

The shell asks this program at each tab (through argcomplete, whose variable is the sign), so what is
completed is what there is: models of the running daemon, tools, keys.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from routerd.cli.help import Parser
from routerd.core.errors import RouterdError

SHELLS = ("bash", "zsh", "fish", "powershell")
VARIABLE = "_ARGCOMPLETE"
# A shell that waits for a tab must not wait for a daemon that hangs.
ASK_S = 0.5
WISHES = ("auto", "auto:fast", "auto:cheap", "auto:best", "auto:local")
_HOW = {
    "bash": "routerd completion bash > ~/.local/share/bash-completion/completions/routerd",
    "zsh": "routerd completion zsh > ~/.zfunc/_routerd   (with fpath+=~/.zfunc before compinit)",
    "fish": "routerd completion fish > ~/.config/fish/completions/routerd.fish",
    "powershell": "routerd completion powershell >> $PROFILE",
}


def run(arguments: argparse.Namespace) -> int:
    """Print the shell's lines; on a terminal also where they belong."""
    from argcomplete.shell_integration import shellcode  # 30 ms, and only here and at a tab

    print(shellcode(["routerd"], shell=arguments.shell))
    if sys.stdout.isatty():
        print(f"# to install: {_HOW[arguments.shell]}", file=sys.stderr)
    return 0


def answer(parser: Parser) -> None:
    """Tell the shell what could follow, and end. Does nothing where no shell asks."""
    import argcomplete

    for command, sub in commands_of(parser):
        for action in sub._actions:  # argparse has no public way to them
            if completer := _COMPLETERS.get((command, action.dest)):
                action.completer = completer  # type: ignore[attr-defined]  # argcomplete's way
    argcomplete.autocomplete(parser, always_complete_options=False)


def commands_of(parser: Parser) -> Iterable[tuple[str, argparse.ArgumentParser]]:
    """Yield each command's parser, and those of its actions as 'command action'."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                yield name, sub
                for inner in sub._actions:
                    if isinstance(inner, argparse._SubParsersAction):
                        yield from ((f"{name} {n}", p) for n, p in inner.choices.items())


def _ask(path: str) -> Any:
    from routerd.client import DaemonClient
    from routerd.settings import places

    try:
        return DaemonClient(places.find().home, timeout_s=ASK_S).get(path)
    except RouterdError:
        return None


def models(**_: Any) -> list[str]:
    """Return what may be asked for: wishes, and the models of the running daemon."""
    found = _ask("/control/status") or {"models": ()}
    return [*WISHES, *(model["name"] for model in found["models"] if model["usable"])]


def decisions(**_: Any) -> list[str]:
    """Return `last` and the ids of the newest decisions."""
    found = _ask("/control/decisions?limit=20") or {"decisions": ()}
    return ["last", *(row["id"] for row in found["decisions"])]


def clients(**_: Any) -> list[str]:
    """Return the tools that can be connected."""
    from routerd.connecting.inspection import SIGNS

    return list(SIGNS)


def connected(**_: Any) -> list[str]:
    """Return the tools that are connected."""
    from routerd.settings import places

    folder: Path = places.find().home / "connections"
    return [path.parent.name for path in folder.glob("*/record.json")]


def clouds(**_: Any) -> list[str]:
    """Return the clouds a key can be stored for."""
    from routerd.settings.clouds import CLOUDS

    return list(CLOUDS)


_COMPLETERS: dict[tuple[str, str], Callable[..., list[str]]] = {
    ("ask", "model"): models,
    ("route", "model"): models,
    ("policy show", "model"): models,
    ("why", "id"): decisions,
    ("feedback", "id"): decisions,
    ("connect", "client"): clients,
    ("disconnect", "client"): connected,
    ("keys", "name"): clouds,
}

"""The command line's help: commands by what people want, and mistakes answered with what was meant."""

import argparse
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from routerd.core.spelling import did_you_mean

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: Any) -> Any:
        """Stand in for the real one, whose import costs every command 15 ms."""
        return method


# What people want -> the commands for it. One that is in none of them stands under "more".
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("get going", ("up", "status", "connect", "pull", "keys", "doctor")),
    ("ask", ("ask", "route", "classify", "mcp")),
    ("understand", ("why", "stats", "models", "dashboard", "tray")),
    ("teach", ("feedback", "replay", "forget")),
    ("govern", ("offline", "policy", "audit")),
    ("run", ("serve", "down", "pause", "resume", "disconnect", "completion", "support-bundle")),
)
_CHOICE = re.compile(r"argument (.+?): invalid choice: '(.*)' \(choose from (.*)\)$", re.DOTALL)
_HEAD, _NAME, _PLAIN = "\x1b[1m", "\x1b[36m", "\x1b[0m"
Commands = Mapping[str, tuple[str, str, str]]


def coloured() -> bool:
    """Whether stdout is a terminal that shows colours, and nobody asked for none."""
    dumb = os.environ.get("TERM", "") in ("dumb", "unknown")
    return sys.stdout.isatty() and not dumb and not os.environ.get("NO_COLOR")


def grouped(commands: Commands) -> str:
    """Return the commands below what people want, each with its summary."""
    told = [name for _, names in GROUPS for name in names]
    more = tuple(name for name in commands if name not in told)
    width = max(map(len, commands)) + 2
    columns = shutil.get_terminal_size().columns
    lines = []
    for title, names in (*GROUPS, ("more", more)):
        there = [name for name in names if name in commands]
        if there:
            lines += ["", _styled(title, _HEAD)]
        for name in there:
            first, *rest = textwrap.wrap(commands[name][1], max(40, columns - width - 2))
            lines.append(f"  {_styled(name.ljust(width), _NAME)}{first}")
            lines += [" " * (width + 2) + line for line in rest]
    return "\n".join(lines)


def _styled(text: str, style: str) -> str:
    return f"{style}{text}{_PLAIN}" if coloured() else text


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose top has grouped commands, and whose errors say what was meant."""

    def __init__(self, *arguments: Any, commands: Commands | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.commands = commands or {}

    @override
    def format_help(self) -> str:
        """Return the help; at the top with the commands in groups."""
        if not self.commands:
            return super().format_help()
        usage = "usage: routerd COMMAND …      routerd COMMAND --help      routerd --version"
        return f"{usage}\n\n{self.description}\n{grouped(self.commands)}\n\n{self.epilog}\n"

    @override
    def error(self, message: str) -> NoReturn:
        """End with 2, the usage, and the nearest word where one was mistyped."""
        if self.commands and message.endswith("required: COMMAND"):
            print(self.format_help(), file=sys.stderr, end="")
            sys.exit(2)
        if found := _CHOICE.match(message):
            message = _meant(found[1], found[2], re.findall(r"'([^']*)'", found[3]))
        super().error(message)


def _meant(what: str, word: str, known: Sequence[str]) -> str:
    if what == "COMMAND":
        hint = did_you_mean(word, known) or " `routerd --help` lists them."
        return f"there is no command '{word}'.{hint}"
    return f"{what}: there is no '{word}', only {', '.join(known)}.{did_you_mean(word, known)}"

"""The help's groups, and what is said to a mistake."""

import os
import pty
import subprocess
import sys

import pytest

from routerd.cli import help as routerd_help
from routerd.cli import main as cli


def test_every_command_stands_in_the_help_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert sorted(named) == sorted(cli.COMMANDS)
    assert "\x1b" not in "".join(lines)


def test_a_command_in_no_group_is_not_lost() -> None:
    told = routerd_help.grouped({"up": ("m", "start", ""), "brand-new": ("m", "shine", "")})
    assert told.splitlines()[-2:] == ["more", "  brand-new  shine"]


def test_every_command_has_an_example() -> None:
    assert [name for name, (_, _, example) in cli.COMMANDS.items() if not example] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["statsu"], "there is no command 'statsu'. Did you mean `stat"),
        (["frobnicate"], "`routerd --help` lists them"),
        (["keys", "lits"], "only set, list, rm, find. Did you mean `list`?"),
        (["audit", "export", "--format", "cvs"], "Did you mean `csv`?"),
        ([], "get going"),
    ],
)
def test_a_mistake_is_told_what_was_meant(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == cli.USAGE
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(variables: dict[str, str], colours: bool) -> None:
    parent, child = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "100", **variables}
    run = [sys.executable, "-m", "routerd", "--help"]
    with subprocess.Popen(run, stdout=child, env=environment) as process:
        os.close(child)
        seen = b""
        while data := _read(parent):
            seen += data
    os.close(parent)
    assert process.returncode == 0
    assert (b"\x1b[" in seen) is colours
    assert b"support-bundle" in seen


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # EIO: the other side is closed
        return b""

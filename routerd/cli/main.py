"""Parses arguments and runs one command; exit codes are stable (see EXIT)."""

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from routerd import __version__
from routerd.cli import governing
from routerd.core.errors import NoCandidate, RouterdError

OK, FAILED, USAGE, NOT_RUNNING, REFUSED = 0, 1, 2, 3, 4
EXIT = """exit codes: 0 ok, 1 failed, 2 usage, 3 daemon not running, 4 refused by policy"""

# name -> (module, one line of help, example)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "up": ("lifecycle", "start the daemon in the background and wait until it is ready", ""),
    "down": ("lifecycle", "let running answers finish, then stop the daemon", ""),
    "status": ("lifecycle", "show what runs, where, and what it found", "routerd status --json"),
    "serve": ("lifecycle", "run the daemon in the foreground", ""),
    "ask": ("requests", "ask and print the answer", 'routerd ask "regex for an IPv4 address"'),
    "route": (
        "requests",
        "show which model would answer and why; nobody is asked",
        'routerd route --json "refactor this module"',
    ),
    "why": ("requests", "explain a decision", "routerd why last"),
    "models": ("requests", "list every known model", "routerd models --json"),
    "classify": (
        "classify",
        "tell task, complexity and language of a prompt",
        "routerd classify --jsonl < prompts.jsonl > readings.jsonl",
    ),
    "pull": (
        "pull",
        "download a GGUF model for the embedded engine, or NAME:TAG by way of Ollama",
        "routerd pull Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    ),
    "keys": (
        "keys",
        "store, list or remove API keys in the OS keyring, or find ones in plain text",
        "routerd keys set anthropic < key.txt",
    ),
    "replay": (
        "replay",
        "decide your own last requests, or recorded outcomes, again under other profiles",
        "routerd replay --last 500\n"
        "  routerd replay --outcomes outcomes.parquet --prices prices.json --plot curve.svg",
    ),
    "feedback": (
        "feedback",
        "say how good an answer was; later choices learn from it",
        "routerd feedback bad last",
    ),
    "connect": (
        "connect",
        "write routerd into a coding tool's settings: "
        "cursor, windsurf, vscode, zed, continue, cline, claude-code, codex, cody, aider, "
        "jetbrains, junie or opencode",
        "routerd connect claude-code",
    ),
    "disconnect": (
        "connect",
        "take routerd out of a coding tool's settings again",
        "routerd disconnect claude-code",
    ),
    "mcp": ("mcp_bridge", "speak MCP on stdin and stdout (for editors)", ""),
    **governing.COMMANDS,
}
_WITH_TEXT = {"ask", "route"}
_WITH_JSON = {
    "up",
    "status",
    "ask",
    "route",
    "why",
    "models",
    "classify",
    "replay",
    "keys",
    "feedback",
    "connect",
    "disconnect",
    *governing.WITH_JSON,
}


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    top = argparse.ArgumentParser(
        prog="routerd",
        description="One local door between your coding tools and your models.",
        epilog=f"start with: routerd up && routerd ask 'hello'\n{EXIT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"routerd {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, summary, example) in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=(f"example:\n  {example}\n\n" if example else "") + EXIT,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in _WITH_JSON:
            sub.add_argument("--json", action="store_true", help="print JSON for scripts")
        if name in _WITH_TEXT:
            sub.add_argument("text", nargs="*", help="the request; read from stdin when absent")
            sub.add_argument("--model", default="auto", help="auto, auto:best, provider/model, …")
        _own_arguments(name, sub)
        if name in ("connect", "disconnect"):
            _connect_arguments(name, sub)
    return top


def _own_arguments(name: str, sub: argparse.ArgumentParser) -> None:
    governing.own_arguments(name, sub)
    if name == "ask":
        sub.add_argument("--max-tokens", type=int, help="bound the answer")
    elif name in ("why", "feedback"):
        _decision_arguments(name, sub)
    elif name == "classify":
        sub.add_argument("text", nargs="*", help="the prompt; read from stdin when absent")
        sub.add_argument("--jsonl", action="store_true", help="one JSON object a line, in and out")
        sub.add_argument("--score", type=Path, help="a .jsonl file with labels: how often right?")
    elif name == "pull":
        sub.add_argument(
            "source", help="OWNER/REPO/FILE.gguf, an https:// address, or NAME:TAG (Ollama)"
        )
        sub.add_argument("--sha256", default="", help="refuse the file unless it has this digest")
    elif name == "keys":
        sub.add_argument("action", choices=["set", "list", "rm", "find"])
        sub.add_argument(
            "name", nargs="?", help="a cloud (anthropic, openai, …) or the `key` of a [[provider]]"
        )
    elif name == "replay":
        _replay_arguments(sub)
    elif name == "models":
        sub.add_argument("--refresh", action="store_true", help="look for engines again first")


def _connect_arguments(name: str, sub: argparse.ArgumentParser) -> None:
    sub.add_argument("client", help="the tool's name; an unknown one lists all")
    if name == "connect":
        sub.add_argument("--print", action="store_true", help="only show what to paste, with token")
        sub.add_argument("--yes", action="store_true", help="do not ask before writing")


def _decision_arguments(name: str, sub: argparse.ArgumentParser) -> None:
    if name == "feedback":
        sub.add_argument("value", help="good, bad, or a number from 0 to 1")
    sub.add_argument("id", nargs="?", default="last", help="a decision id, or last (default)")


def _replay_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--outcomes",
        default="",
        help="a .parquet, .jsonl or .csv file of results; without it, your own last requests",
    )
    sub.add_argument("--prices", default="", help="a .json file: model -> input, output, zone")
    sub.add_argument("--last", type=int, default=500, help="how many of your own requests (500)")
    sub.add_argument("--plot", default="", help="write the cost-quality curves to this .svg file")
    sub.add_argument("--floor", type=float, help="quality floor of a profile of your own, 0..1")
    sub.add_argument(
        "--weights",
        help="weights of that profile: complexity,history,cost,latency,availability",
    )


# What a disk says that is full or can only be read; everything else is a fault of ours.
_NO_WRITING = frozenset({errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    module = importlib.import_module(f"routerd.cli.{COMMANDS[arguments.command][0]}")
    try:
        return int(module.run(arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has left; that is no fault, and nothing more can be printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except RouterdError as error:
        print(f"routerd: {error.message}", file=sys.stderr)
        return _code(error)
    except OSError as error:
        if error.errno not in _NO_WRITING:
            raise
        print(
            f"routerd: {error.filename or 'a file'} can't be used: {error.strerror}. "
            "routerd needs a home that it may write to; set ROUTERD_HOME.",
            file=sys.stderr,
        )
        return FAILED


def _code(error: RouterdError) -> int:
    if type(error).__name__ == "NotRunning":
        return NOT_RUNNING
    refused = isinstance(error, NoCandidate) and error.refused_by_policy
    if refused or getattr(error, "status", 0) == 403:
        return REFUSED
    return FAILED

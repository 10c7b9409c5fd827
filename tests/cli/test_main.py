"""The command line's arguments and its exit codes."""

import argparse
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from routerd import __version__
from routerd.cli import main as cli
from routerd.client import DaemonError, NotRunning
from routerd.core.errors import NoCandidate, NotFound, RouterdError

FAKE = "routerd.cli.pretend"


@pytest.fixture
def pretend(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Exception | KeyboardInterrupt | int], int]:
    """Run a command of our own that ends with the given error or exit code."""

    def run(end: Exception | KeyboardInterrupt | int) -> int:
        def command(_: argparse.Namespace) -> int:
            if isinstance(end, int):
                return end
            raise end

        module = types.ModuleType(FAKE)
        module.run = command  # type: ignore[attr-defined]  # as every command's module has
        monkeypatch.setitem(sys.modules, FAKE, module)
        monkeypatch.setitem(cli.COMMANDS, "pretend", ("pretend", "do as the test says", ""))
        return cli.main(["pretend"])

    return run


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up"], {"json": False}),
        (["status", "--json"], {"json": True}),
        (["ask", "two", "words"], {"text": ["two", "words"], "model": "auto", "max_tokens": None}),
        (["ask", "--model", "p/m", "--max-tokens", "5", "x"], {"model": "p/m", "max_tokens": 5}),
        (["ask"], {"text": []}),
        (["ask", "--", "--json"], {"text": ["--json"], "json": False}),
        (["route", "--json", "x"], {"json": True, "text": ["x"]}),
        (["why"], {"id": "last"}),
        (["why", "0abc"], {"id": "0abc"}),
        (["models", "--refresh"], {"refresh": True}),
        (["classify", "--jsonl"], {"jsonl": True, "text": []}),
        (["pull", "O/R/f.gguf", "--sha256", "ab"], {"source": "O/R/f.gguf", "sha256": "ab"}),
        (["keys", "set", "team"], {"action": "set", "name": "team"}),
        (["mcp"], {}),
        (["serve"], {}),
        (["down"], {}),
    ],
)
def test_arguments_are_understood(arguments: list[str], expected: dict[str, object]) -> None:
    parsed = vars(cli.parser().parse_args(arguments))
    assert parsed["command"] == arguments[0]
    assert parsed.items() >= expected.items()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["up", "--nonsense"],
        ["keys", "show"],
        ["pull"],
        ["ask", "--max-tokens", "x"],
    ],
)
def test_arguments_that_make_no_sense_end_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == cli.USAGE
    assert "usage: routerd" in capsys.readouterr().err


def test_every_command_has_a_module_with_its_function_and_a_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path(cli.__file__).parent
    for name, (module, _, example) in cli.COMMANDS.items():
        assert "def run(" in (folder / f"{module}.py").read_text("utf-8"), name
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        told = capsys.readouterr().out
        assert ended.value.code == 0
        assert cli.EXIT in told
        assert example in told


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"routerd {__version__}\n"


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (0, 0),
        (3, 3),
        (KeyboardInterrupt(), 130),
        (RouterdError("it broke"), cli.FAILED),
        (NotFound("it broke"), cli.FAILED),
        (NotRunning("it broke"), cli.NOT_RUNNING),
        (DaemonError("it broke", 502), cli.FAILED),
        (DaemonError("it broke", 403), cli.REFUSED),
        (NoCandidate("it broke"), cli.FAILED),
        (NoCandidate("it broke", refused_by_policy=True), cli.REFUSED),
    ],
)
def test_each_end_has_its_exit_code(
    pretend: Callable[[Exception | KeyboardInterrupt | int], int],
    capsys: pytest.CaptureFixture[str],
    end: Exception | KeyboardInterrupt | int,
    code: int,
) -> None:
    assert pretend(end) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == ("routerd: it broke\n" if isinstance(end, RouterdError) else "")


def test_a_fault_of_the_program_is_not_hidden(
    pretend: Callable[[Exception | KeyboardInterrupt | int], int],
) -> None:
    with pytest.raises(ZeroDivisionError):
        pretend(ZeroDivisionError())


def test_the_status_of_nothing_ends_with_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    assert cli.main(["status"]) == cli.NOT_RUNNING
    assert "not running" in capsys.readouterr().out


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    code = (
        "import sys, types\n"
        "from routerd.cli import main\n"
        "def run(_):\n"
        "    while True:\n"
        "        print('line' * 1000)\n"
        f"module = sys.modules['{FAKE}'] = types.ModuleType('{FAKE}')\n"
        "module.run = run\n"
        "main.COMMANDS['pretend'] = ('pretend', 'print for ever', '')\n"
        "sys.exit(main.main(['pretend']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNDEFAULTENCODING": ""},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"line")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == cli.OK

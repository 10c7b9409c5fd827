"""What a shell is given, and what it is told at a tab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from routerd.cli import completion
from routerd.cli import main as cli
from routerd.connecting.clients import CLIENTS
from tests.fakes.daemon import environment
from tests.fakes.scripted_house import TOKEN, ServedHouse


def completed(home: Path, line: str) -> list[str]:
    """Return what is offered at the end of a line, as argcomplete's scripts ask for it."""
    variables = environment(home, _ARGCOMPLETE="1", COMP_LINE=line, COMP_POINT=str(len(line)))
    run = [sys.executable, "-m", "routerd"]
    reader, writer = os.pipe()
    # The scripts read descriptor 8.
    script = f'exec 8>&{writer}; exec "$@"'
    with subprocess.Popen(
        ["/bin/bash", "-c", script, "bash", *run],
        env={**variables, "_ARGCOMPLETE_IFS": "\n"},
        pass_fds=(writer,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ):
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as told:
            offered = told.read()
    return [word.strip() for word in offered.split("\n") if word]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_each_shell_gets_lines_of_its_own(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    told = capsys.readouterr().out
    assert "routerd" in told
    assert {"powershell": "Register-ArgumentCompleter"}.get(shell, "complete") in told


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="bash reads what was printed for it")
def test_bash_takes_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "bash"]) == 0
    script = f"{capsys.readouterr().out}\ncomplete -p routerd"
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", script],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "_python_argcomplete" in done.stdout


def test_commands_tools_and_options_are_offered(tmp_path: Path) -> None:
    assert completed(tmp_path, "routerd stat") == ["status", "stats"]
    assert set(completed(tmp_path, "routerd connect ")) >= set(CLIENTS)
    assert completed(tmp_path, "routerd policy sh") == ["show"]
    assert "--json" in completed(tmp_path, "routerd models --")


def test_models_and_decisions_are_those_of_the_running_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    assert completion.models() == list(completion.WISHES)
    assert completion.decisions() == ["last"]
    with ServedHouse(tmp_path) as served:
        (tmp_path / "run").mkdir(exist_ok=True)
        endpoint = f'{{"port": {served.port}}}'
        (tmp_path / "run" / "endpoint.json").write_text(endpoint, encoding="utf-8")
        (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
        assert "fake/coder" in completion.models()
    (tmp_path / "connections" / "zed").mkdir(parents=True)
    (tmp_path / "connections" / "zed" / "record.json").touch()
    assert completion.connected() == ["zed"]
    assert "anthropic" in completion.clouds()

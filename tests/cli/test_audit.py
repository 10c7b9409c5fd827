"""`routerd audit` from the command line."""

import json
from pathlib import Path

import anyio
import pytest

from routerd.audit.log import AuditLog
from routerd.cli.main import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    async def fill() -> None:
        async with AuditLog(tmp_path / "audit.log") as log:
            for number in range(3):
                log.put("answered", {"model": f"m{number}"})

    anyio.run(fill)
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    return tmp_path


def test_a_chain_that_holds_exits_with_0_and_one_that_does_not_with_1(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["holds"], found["entries"]) == (True, 3)
    assert main(["audit", "verify", "--expect", found["head"]["hash"]]) == 0
    log = home / "audit.log"
    log.write_text(log.read_text("ascii").replace("m1", "mX"), encoding="ascii")
    assert main(["audit", "verify"]) == 1
    assert "audit.log:2: entry 2 was changed" in capsys.readouterr().out


@pytest.mark.parametrize(("form", "lines"), [("jsonl", 3), ("csv", 4), ("otlp", 3)])
def test_each_form_is_written_to_stdout(
    home: Path, form: str, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "export", "--format", form]) == 0
    assert len(capsys.readouterr().out.splitlines()) == lines


def test_without_a_log_there_is_nothing_to_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path / "other"))
    assert main(["audit", "export"]) == 1
    assert "There is no audit log yet" in capsys.readouterr().err

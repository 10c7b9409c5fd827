"""`routerd replay` on one's own history, read from the file that a daemon wrote."""

import json
from pathlib import Path

import anyio
import pytest

from routerd.cli.main import main
from routerd.cli.own_replay import lines
from routerd.storage.outcomes import SqliteMemory
from tests.fakes import past_tasks


async def _fill(path: Path, count: int) -> None:
    async with SqliteMemory(path) as memory:
        for number in range(count):
            identity = f"d{number}"
            made, ended = past_tasks.decision(identity), past_tasks.outcome(identity)
            memory.remember(made, ended, past_tasks.FACTS)
        assert await memory.flush()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    return tmp_path


def test_the_last_requests_are_decided_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anyio.run(_fill, home / "state.db", 5)
    mine = "[profiles.mine]\nfloor = 0.5\n"
    (home / "config.toml").write_text(mine, encoding="utf-8")
    assert main(["replay", "--last", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["looked_at"] == 3
    assert {"as_it_was", "balanced", "cheap", "best", "mine", "always_best"} <= set(found["ways"])
    assert found["ways"]["as_it_was"]["requests"] == 3
    table = "\n".join(lines(found))
    assert "as it was" in table
    assert "mine" in table


def test_without_a_history_it_says_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay"]) == 1
    assert "routerd ask" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--plot", "x.svg"], ["--outcomes", "o.jsonl"]])
def test_options_that_belong_together_are_asked_for(
    home: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", *wrong]) == 1
    assert "--outcomes" in capsys.readouterr().err

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from routerd.core.candidate import Candidate
from routerd.core.decision import Ranked
from routerd.core.outcome import Outcome
from routerd.core.response import Usage
from routerd.storage import migrations, statistics
from routerd.storage.database import Connection, open_connection
from routerd.storage.forgetting import Forget, forget
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks

DAY_S = 86_400.0
# Noon, so that a day more or less is another date in every time zone.
NOW = time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))
CLOUD = Candidate("anthropic", "sonnet", zone="cloud")


def put(
    connection: Connection, number: int, at_unix_s: float, outcome: Outcome | None = None
) -> None:
    decision = past_tasks.decision(f"d{number}")
    first = decision.ranked[0]
    both = (first, Ranked(CLOUD, first.terms, 0.5, 0.9, 0.02, 3.0))
    decision = replace(decision, ranked=both, policy_rules=("work",))
    outcome = outcome or past_tasks.outcome(f"d{number}")
    answered = Answered(decision, outcome, past_tasks.FACTS, at_unix_s)
    record(connection, answered, embedder="", max_memories=100)


def answer(number: int, **more: object) -> Outcome:
    return replace(past_tasks.outcome(f"d{number}"), **more)  # type: ignore[arg-type]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    opened, _ = open_state(tmp_path / "home" / "state.db")
    yield opened
    opened.close()


def test_savings_are_told_for_today_the_month_the_period_and_ever(connection: Connection) -> None:
    for number, ago in enumerate((0, 0, 3, 10, 60)):
        put(connection, number, NOW - ago * DAY_S)
    found = statistics.read(connection, 7, NOW)
    saved = {name: found[name]["saved_usd"] for name in ("today", "month", "period", "total")}
    assert saved == {
        "today": pytest.approx(0.02),
        "month": pytest.approx(0.04),
        "period": pytest.approx(0.03),
        "total": pytest.approx(0.05),
    }
    assert [row["day"] for row in found["by_day"]] == ["2026-11-23", "2026-11-26"]
    assert found["total"]["requests"] == 5


def test_an_answer_without_a_known_baseline_neither_saves_nor_loses(connection: Connection) -> None:
    put(connection, 1, NOW, answer(1, cost_usd=0.5, baseline_cost_usd=0.0))
    put(connection, 2, NOW, answer(2, cost_usd=0.03, baseline_cost_usd=0.01))
    found = statistics.read(connection, 1, NOW)["today"]
    assert (found["requests"], found["compared"]) == (2, 1)
    assert found["saved_usd"] == pytest.approx(-0.02)
    assert found["cost_usd"] == pytest.approx(0.53)


def test_zones_models_and_failures_are_told_apart(connection: Connection) -> None:
    put(connection, 1, NOW)
    put(connection, 2, NOW, answer(2, model="anthropic/sonnet", usage=Usage(10, 5)))
    put(connection, 3, NOW, answer(3, model="", finish="failed", usage=Usage()))
    found = statistics.read(connection, 1, NOW)
    today = found["today"]
    assert (today["requests"], today["failures"], today["answered"]) == (3, 1, 2)
    assert today["answered_here"] == 1
    rows = {(row["model"], row["zone"]): row["requests"] for row in found["by_model"]}
    assert rows == {("ollama/small:3b", "device"): 1, ("anthropic/sonnet", "cloud"): 1, ("", ""): 1}
    assert today["input_tokens"] == 1210
    assert found["by_task"][0]["task"] == "debugging"


def test_percentiles_are_values_that_were_measured(connection: Connection) -> None:
    for number in range(1, 101):
        put(connection, number, NOW, answer(number, ttft_s=number / 100, duration_s=-1.0))
    put(connection, 200, NOW, answer(200, ttft_s=99.0, finish="cancelled"))
    found = statistics.read(connection, 1, NOW)
    assert found["latency"] == {"ttft_s": {"answers": 100, "p50": 0.5, "p95": 0.95}}
    assert found["by_model"][0]["latency"] == found["latency"]


def test_rules_are_counted_with_when_they_applied_last(connection: Connection) -> None:
    put(connection, 1, NOW - 5)
    put(connection, 2, NOW)
    assert statistics.read_rule_hits(connection) == {"work": {"hits": 2, "last_unix_s": NOW}}


def test_an_empty_history_is_zeros(connection: Connection) -> None:
    found = statistics.read(connection, 30, NOW)
    assert set(found["total"].values()) == {0}
    assert (found["by_day"], found["by_model"], found["latency"]) == ([], [], {})
    assert statistics.read_rule_hits(connection) == {}


def test_forgetting_everything_takes_the_sums_and_a_part_leaves_them(
    connection: Connection,
) -> None:
    put(connection, 1, NOW)
    forget(connection, Forget(workspace="/home/me/project"))
    assert statistics.read(connection, 1, NOW)["total"]["requests"] == 1
    forget(connection, Forget())
    assert statistics.read(connection, 1, NOW)["total"]["requests"] == 0
    assert statistics.read_rule_hits(connection) == {}


def test_an_older_file_gets_its_sums_from_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    path.touch()
    connection = open_connection(path, writable=True)
    put_before = migrations.MIGRATIONS.index(migrations.m006_statistics)
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:put_before])
    migrations.migrate(connection)
    identity, text = "d1", '{"ranked":[{"candidate":{"provider":"o","model":"m","zone":"device"}}]}'
    connection.execute(
        "insert into decisions values (?,?,'','','','','','','','review',0,0,'',1,'o/m',0,?)",
        (identity, NOW, text),
    )
    connection.execute(
        "insert into outcomes values (?,?,'stop','o/m',1,0,0,5,6,0,0.25,1.0,'[]','')",
        (identity, NOW),
    )
    monkeypatch.undo()
    migrations.migrate(connection)
    (row,) = statistics.read(connection, 1, NOW)["by_model"]
    connection.close()
    assert (row["model"], row["zone"], row["requests"], row["saved_usd"]) == (
        "o/m",
        "device",
        1,
        0.75,
    )

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from routerd.storage.browsing import MOST_ROWS, Wanted, read_page
from routerd.storage.database import Connection
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks


def put(connection: Connection, number: int, **facts: Any) -> None:
    identity = f"d{number}"
    finish: Any = facts.pop("finish", "stop")
    model: str = facts.pop("model", "ollama/small:3b")
    outcome = replace(past_tasks.outcome(identity, model=model), finish=finish)
    decision = past_tasks.decision(identity)
    answered = Answered(decision, outcome, {**past_tasks.FACTS, **facts}, 1000.0 + number)
    record(connection, answered, embedder="", max_memories=100)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    opened, _ = open_state(tmp_path / "home" / "state.db")
    for number in range(5):
        put(opened, number, client=f"client{number % 2}")
    yield opened
    opened.close()


def ids(connection: Connection, **wanted: Any) -> list[str]:
    return [row["id"] for row in read_page(connection, Wanted(**wanted))[0]]


def test_pages_follow_each_other_newest_first_and_end(connection: Connection) -> None:
    seen, before = [], None
    while True:
        rows, before = read_page(connection, Wanted(limit=2, before=before))
        seen.append([row["id"] for row in rows])
        if before is None:
            break
    assert seen == [["d4", "d3"], ["d2", "d1"], ["d0"]]


def test_a_newer_decision_does_not_shift_the_next_page(connection: Connection) -> None:
    _, before = read_page(connection, Wanted(limit=2))
    put(connection, 9)
    assert ids(connection, limit=2, before=before) == ["d2", "d1"]


def test_a_row_tells_who_answered_where_and_why(connection: Connection) -> None:
    (row,), _ = read_page(connection, Wanted(limit=1))
    assert row["reason"] == past_tasks.decision("d4").reason
    told = {name: row[name] for name in ("client", "model", "zone", "finish", "attempts")}
    assert told == {
        "client": "client0",
        "model": "ollama/small:3b",
        "zone": "device",
        "finish": "stop",
        "attempts": 1,
    }
    assert (row["unix_s"], row["input_tokens"], row["baseline_cost_usd"]) == (1004.0, 1200, 0.01)


def test_each_filter_and_every_word_of_a_search_must_fit(connection: Connection) -> None:
    put(connection, 7, finish="failed", model="", session="s-7")
    assert ids(connection, finish="failed") == ["d7"]
    assert ids(connection, zone="device", limit=1) == ["d4"]
    assert ids(connection, session="s-7", model="ollama/small:3b") == ["d7"]
    assert ids(connection, task="testing") == []
    assert ids(connection, q="CLIENT1 small") == ["d3", "d1"]
    assert ids(connection, q="score client1") == ["d3", "d1"], "the reason is searched too"


@pytest.mark.parametrize("q", ["100%", "client_", "\\", "' or 1=1 --", "qq\x00", "%"])
def test_what_is_searched_for_is_text_and_no_pattern(connection: Connection, q: str) -> None:
    assert ids(connection, q=q) == []


def test_limits_are_bounded(connection: Connection) -> None:
    assert len(ids(connection, limit=0)) == 1
    assert len(ids(connection, limit=10 * MOST_ROWS)) == 5

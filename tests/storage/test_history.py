from collections.abc import Iterator
from pathlib import Path

import pytest

from routerd.storage.database import Connection
from routerd.storage.history import read_counts, read_past
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Three answered requests; the second failed, the third was cancelled."""
    opened, _ = open_state(tmp_path / "home" / "state.db")
    for number, success in enumerate((1.0, 0.0, None)):
        identity = f"d{number}"
        answered = Answered(
            past_tasks.decision(identity, past_tasks.embedding(number)),
            past_tasks.outcome(identity, success=success),
            past_tasks.FACTS,
            1000.0 + number,
        )
        record(opened, answered, embedder="", max_memories=100)
    yield opened
    opened.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Connection]:
    opened, _ = open_state(tmp_path / "empty" / "state.db")
    yield opened
    opened.close()


def test_a_decision_comes_back_with_its_outcome_and_facts(connection: Connection) -> None:
    found = read_past(connection, "d0")
    assert found is not None
    decision, outcome, facts = found
    assert decision == past_tasks.decision("d0")
    assert outcome == past_tasks.outcome("d0")
    assert facts == {**past_tasks.FACTS, "at_unix_s": 1000.0, "evidence": []}


def test_last_is_the_newest(connection: Connection) -> None:
    found = read_past(connection, "last")
    assert found is not None
    assert found[0].id == "d2"
    assert found[1] is not None
    assert found[1].success is None


def test_what_does_not_exist_is_none(connection: Connection, empty: Connection) -> None:
    assert read_past(connection, "nowhere") is None
    assert read_past(empty, "last") is None


def test_a_decision_without_an_outcome_can_be_read(connection: Connection) -> None:
    connection.execute("delete from outcomes where decision_id = 'd1'")
    found = read_past(connection, "d1")
    assert found is not None
    assert found[1] is None


def test_counts_are_sums_over_all_requests(connection: Connection) -> None:
    assert read_counts(connection) == {
        "requests": 3,
        "failures": 1,
        "input_tokens": 3600,
        "output_tokens": 900,
        "cost_usd": 0.0,
        "baseline_cost_usd": pytest.approx(0.03),
        "memories": 2,
    }


def test_counts_of_an_empty_history_are_zero(empty: Connection) -> None:
    assert set(read_counts(empty).values()) == {0}

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from routerd.storage import rows
from routerd.storage.database import Connection
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, mark_useful, record
from tests.fakes import past_tasks


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    opened, _ = open_state(tmp_path / "home" / "state.db")
    yield opened
    opened.close()


def answer(
    connection: Connection,
    number: int,
    *,
    success: float | None = 1.0,
    vector: bytes | None = None,
    facts: dict[str, Any] = past_tasks.FACTS,
    max_memories: int = 100,
) -> int | None:
    identity = f"d{number}"
    vector = past_tasks.embedding(number) if vector is None else vector
    answered = Answered(
        past_tasks.decision(identity, vector),
        past_tasks.outcome(identity, success=success),
        facts,
        1000.0 + number,
    )
    return record(connection, answered, embedder="", max_memories=max_memories)


def memories(connection: Connection) -> dict[int, str]:
    return dict(connection.execute("select id, decision_id from memories order by id"))


def test_an_answer_is_written_with_its_facts_and_becomes_a_memory(connection: Connection) -> None:
    assert answer(connection, 1) == 1
    row = connection.execute(
        "select session, client, workspace, dialect, chosen, task, input_tokens from decisions"
    ).get
    assert row == (
        "s-1", "editor", "/home/me/project", "openai", "ollama/small:3b", "debugging", 1200,
    )  # fmt: skip
    assert connection.execute("select model, success, workspace from memories").get == (
        "ollama/small:3b", 1.0, "/home/me/project",
    )  # fmt: skip


def test_a_failure_is_a_memory_too(connection: Connection) -> None:
    assert answer(connection, 1, success=0.0) == 1
    assert connection.execute("select success from memories").get == 0.0


def test_a_client_that_went_away_teaches_nothing(connection: Connection) -> None:
    assert answer(connection, 1, success=None) is None
    assert memories(connection) == {}
    assert connection.execute("select count(*) from outcomes").get == 1


@pytest.mark.parametrize("vector", [b"", b"short", bytes(1536), b"\xff" * 1536])
def test_an_answer_without_a_usable_embedding_is_no_memory(
    connection: Connection, vector: bytes
) -> None:
    assert answer(connection, 1, vector=vector) is None
    assert connection.execute("select count(*) from memory_vectors").get == 0
    assert connection.execute("select count(*) from decisions").get == 1


def test_totals_add_up(connection: Connection) -> None:
    answer(connection, 1)
    answer(connection, 2, success=0.0)
    answer(connection, 3, success=None)
    totals = connection.execute(
        "select requests, failures, input_tokens, output_tokens, baseline_cost_usd from totals"
    ).get
    assert totals == (3, 1, 3600, 900, pytest.approx(0.03))


def test_a_decision_told_twice_is_counted_once(connection: Connection) -> None:
    assert answer(connection, 1) == 1
    assert answer(connection, 1) is None
    assert connection.execute("select requests from totals").get == 1
    assert memories(connection) == {1: "d1"}


def test_the_least_useful_memory_makes_room_in_its_own_row(connection: Connection) -> None:
    for number in range(1, 5):
        answer(connection, number, max_memories=4)
    mark_useful(connection, [1, 2], 5000.0)
    assert answer(connection, 5, max_memories=4) == 3
    assert answer(connection, 6, max_memories=4) == 4
    assert memories(connection) == {1: "d1", 2: "d2", 3: "d5", 4: "d6"}
    stored = connection.execute("select embedding from memory_vectors where id = 3").get
    assert stored == past_tasks.embedding(5)
    assert connection.execute("select count(*) from memory_vectors").get == 4


def test_making_room_does_not_let_the_file_grow(connection: Connection) -> None:
    def pages() -> int:
        found: int = connection.execute(
            "select count(*) from dbstat where name like 'memory_vectors%'"
        ).get
        return found

    with connection:
        for number in range(32):
            answer(connection, number, max_memories=32)
    before = pages()
    with connection:
        for number in range(32, 96):
            answer(connection, number, max_memories=32)
    assert pages() == before


def test_being_useful_never_makes_a_memory_older(connection: Connection) -> None:
    answer(connection, 1)
    mark_useful(connection, [1], 5.0)
    assert connection.execute("select useful_at_unix_s from memories").get == 1001.0


def test_old_decisions_go_and_totals_and_memories_stay(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "KEPT_DECISIONS", 100)
    with connection:
        for number in range(1, 257):
            answer(connection, number, vector=past_tasks.embedding(1), max_memories=300)
    assert connection.execute("select count(*), min(rowid) from decisions").get == (100, 157)
    assert connection.execute("select count(*) from outcomes").get == 100
    assert connection.execute("select requests from totals").get == 256
    assert len(memories(connection)) == 256


def test_text_that_has_no_utf8_is_written_with_a_mark_in_its_place(connection: Connection) -> None:
    answer(connection, 1, facts={"workspace": "/home/\udcff", "client": "a\0b"})
    assert connection.execute("select workspace from decisions").get == "/home/?"


def test_numbers_that_are_none_are_written_as_null(connection: Connection) -> None:
    answered = Answered(past_tasks.decision("d1"), past_tasks.outcome("d1"), {"session": None}, 1.0)
    record(connection, answered, embedder="", max_memories=1)
    assert connection.execute("select session from decisions").get == "None"

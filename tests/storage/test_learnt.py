from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from routerd.storage import learnt
from routerd.storage.database import Connection, open_connection
from routerd.storage.migrations import migrate
from routerd.storage.outcomes import SqliteMemory, read_pasts
from tests.fakes import past_tasks

pytestmark = pytest.mark.anyio


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    (tmp_path / "state.db").touch()
    opened = open_connection(tmp_path / "state.db", writable=True)
    migrate(opened)
    yield opened
    opened.close()


def test_evidence_is_read_back_in_its_order(connection: Connection) -> None:
    learnt.note(connection, "d1", "asked_again", 0.2, 10.0)
    learnt.note(connection, "d2", "worked", 0.9, 11.0)
    learnt.note(connection, "d1", "feedback", 0.0, 12.0)
    assert learnt.read_evidence(connection, "d1") == [
        {"at_unix_s": 10.0, "kind": "asked_again", "value": 0.2},
        {"at_unix_s": 12.0, "kind": "feedback", "value": 0.0},
    ]


def test_old_evidence_makes_room(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learnt, "KEPT_EVIDENCE", 10)
    for number in range(256):
        learnt.note(connection, f"d{number}", "worked", 0.9, float(number))
    assert connection.execute("select count(*) from evidence").get == 10
    assert learnt.read_evidence(connection, "d255") != []


def test_a_saved_matrix_replaces_the_one_before(connection: Connection) -> None:
    learnt.save_cells(connection, [(("p/old",), {"tried": 1.0})])
    cells = [(("p/m",), {"tried": 2.5}), (("p/m", "debugging"), {"changed_unix_s": float("-inf")})]
    learnt.save_cells(connection, cells)
    assert learnt.read_cells(connection) == cells


def test_a_row_that_cannot_be_read_is_left_out(connection: Connection) -> None:
    learnt.save_cells(connection, [(("p/m",), {"tried": 2.5})])
    connection.execute("insert into matrix values ('3', '{}'), ('[\"x\"]', 'no json')")
    assert learnt.read_cells(connection) == [(("p/m",), {"tried": 2.5})]


async def test_the_memory_of_a_decision_can_be_amended(tmp_path: Path) -> None:
    embedding = past_tasks.embedding(1)
    async with SqliteMemory(tmp_path / "state.db") as memory:
        made = past_tasks.decision("d1", embedding)
        memory.remember(made, past_tasks.outcome("d1"), past_tasks.FACTS)
        memory.amend("d1", 0.25)
        memory.note_evidence("d1", "asked_again", 0.25)
        memory.save_cells([(("p/m",), {"tried": 1.0})])
        assert await memory.flush()
        (found,) = await memory.nearest(embedding, workspace="", k=1)
        assert found.success == 0.25
        past = await memory.decision("d1")
        assert past is not None
        assert [seen["kind"] for seen in past[2]["evidence"]] == ["asked_again"]
        (lesson,) = await memory.lessons(9)
        assert (lesson.model, lesson.success) == ("ollama/small:3b", 0.25)
        assert lesson.reading == replace(made.features.reading, embedding=embedding)
        assert lesson.input_tokens == made.features.input_tokens
        assert await memory.cells() == [(("p/m",), {"tried": 1.0})]
    assert [one[0].id for one in read_pasts(tmp_path / "state.db", 5)] == ["d1"]
    assert read_pasts(tmp_path / "none.db", 5) == ()


async def test_a_task_that_nothing_was_seen_of_is_no_lesson(tmp_path: Path) -> None:
    async with SqliteMemory(tmp_path / "state.db") as memory:
        made = past_tasks.decision("d1", past_tasks.embedding(1))
        memory.remember(made, past_tasks.outcome("d1"), past_tasks.FACTS)
        assert await memory.flush()
        assert await memory.lessons(9) == ()


def test_words_of_the_user_come_with_what_was_seen_before_them(connection: Connection) -> None:
    learnt.note(connection, "d1", "asked_again", 0.2, 10.0)
    learnt.note(connection, "d2", "worked", 0.9, 11.0)
    learnt.note(connection, "d1", "feedback", 0.0, 12.0)
    learnt.note(connection, "d1", "worked", 0.9, 13.0)
    learnt.note(connection, "d3", "feedback", 1.0, 14.0)
    assert learnt.read_judged(connection, 10) == [
        (0.0, frozenset(("asked_again",))),
        (1.0, frozenset()),
    ]
    assert learnt.read_judged(connection, 1) == [(1.0, frozenset())]
    assert learnt.read_judged(connection, 0) == []

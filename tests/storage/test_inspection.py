"""A look at state.db that changes nothing."""

from pathlib import Path

from routerd.storage.inspection import inspect
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks


def test_a_sound_file_is_counted_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.db"
    connection, _ = open_state(path)
    vector = past_tasks.embedding(1)
    answered = Answered(
        past_tasks.decision("d", vector), past_tasks.outcome("d"), past_tasks.FACTS, 1.0
    )
    record(connection, answered, embedder="", max_memories=9)
    connection.close()
    before = path.read_bytes()
    found = inspect(path)
    assert (found.fault, found.requests, found.memories) == ("", 1, 1)
    assert found.bytes == len(before)
    assert path.read_bytes() == before


def test_an_empty_file_is_a_fresh_one_and_another_programs_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()
    assert inspect(path).fault == ""
    path.write_bytes(b"x" * 5000)
    assert inspect(path).fault.startswith("is damaged")

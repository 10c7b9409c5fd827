from pathlib import Path

from routerd.core.request import Message, Request, Text
from routerd.endpoints import summaries
from routerd.storage.browsing import Wanted, read_page
from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks

REQUEST = Request(
    (Message("user", (Text("hi"),)),),
    client="editor",
    session_key="s-1",
    workspace="/home/me/project",
)


def test_a_row_is_the_same_as_it_happens_and_from_the_file(tmp_path: Path) -> None:
    decision, outcome = past_tasks.decision("d1"), past_tasks.outcome("d1")
    connection, _ = open_state(tmp_path / "home" / "state.db")
    answered = Answered(decision, outcome, past_tasks.FACTS, 1000.0)
    record(connection, answered, embedder="", max_memories=1)
    (row,), _ = read_page(connection, Wanted())
    connection.close()
    assert summaries.ended(REQUEST, decision, outcome, 1000.0) == row


def test_a_request_under_way_has_the_same_keys_and_no_end() -> None:
    decision = past_tasks.decision("d1")
    begun = summaries.begun(REQUEST, decision, 1.0)
    assert begun.keys() == summaries.ended(REQUEST, decision, past_tasks.outcome("d1"), 1.0).keys()
    assert begun["finish"] is None
    assert (begun["model"], begun["zone"]) == ("ollama/small:3b", "device")

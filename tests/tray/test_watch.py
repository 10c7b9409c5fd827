"""The daemon is asked at once after each event, and its going and coming is seen."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from typing_extensions import override

from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.core.status import Status
from tests.tray.status_samples import CLOUD, OFFLINE
from tray.watch import Watch

DEADLINE_S = 20.0
GONE = NotRunning("routerd is not running")
Told = tuple[Status | None, str]


class Client(DaemonClient):
    """Answers with `answer`; its events are what is put into `happening`, None ends them."""

    def __init__(self, answer: Any) -> None:
        super().__init__(Path("/nowhere"))
        self.answer = answer
        self.happening: Queue[str | None] = Queue()

    @override
    def get(self, path: str) -> Any:
        assert path == "/control/status"
        if isinstance(self.answer, Exception):
            raise self.answer
        return asdict(self.answer) if isinstance(self.answer, Status) else self.answer

    @override
    def watch(self, heartbeat_s: float = 40.0) -> Iterator[tuple[str, dict[str, Any]]]:
        while (kind := self.happening.get()) is not None:
            yield kind, {}


def watching(client: Client) -> tuple[Watch, Queue[Told]]:
    told: Queue[Told] = Queue()
    watch = Watch(client, lambda status, fault: told.put((status, fault)))
    watch.start()
    return watch, told


def until(told: Queue[Told], expected: Told) -> None:
    while told.get(timeout=DEADLINE_S) != expected:
        continue


def test_an_event_brings_the_new_status_and_the_end_of_events_that_of_the_daemon() -> None:
    client = Client(CLOUD)
    watch, told = watching(client)
    assert told.get(timeout=DEADLINE_S) == (CLOUD, "")
    client.answer = OFFLINE
    client.happening.put("mode")
    until(told, (OFFLINE, ""))
    client.answer = GONE
    client.happening.put(None)
    until(told, (None, ""))
    client.answer = CLOUD
    until(told, (CLOUD, ""))
    watch.stop()


@pytest.mark.parametrize(
    ("answer", "words"),
    [(DaemonError("a bearer token is needed", 401), "token"), ({"no": 1}, "no status of routerd")],
)
def test_an_answer_that_cannot_be_read_is_told_with_its_reason(answer: object, words: str) -> None:
    watch, told = watching(Client(answer))
    status, fault = told.get(timeout=DEADLINE_S)
    assert status is None
    assert words in fault
    watch.stop()

"""What a real daemon tells those who watch it: sums, lists and events."""

import json
import socket
import threading
from collections.abc import Callable
from queue import Queue
from typing import Any

import pytest

from routerd.client import DaemonClient, DaemonError
from tests.fakes.daemon import Daemon

DEADLINE_S = 30.0
Event = tuple[str, dict[str, Any]]


def ask(daemon: Daemon, text: str, **more: Any) -> Any:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 4, **more}
    return daemon.client.post("/v1/chat/completions", body)


@pytest.fixture
def events(daemon: Daemon) -> Callable[[str], dict[str, Any]]:
    """Return a function that returns the facts of the next event of a kind."""
    queue: Queue[Event | None] = Queue()
    client = DaemonClient(daemon.home)
    opened = threading.Event()

    def listen() -> None:
        try:
            for event in client.watch():
                opened.set()
                queue.put(event)
        except DaemonError:
            queue.put(None)

    threading.Thread(target=listen, daemon=True).start()
    assert opened.wait(DEADLINE_S)

    def following(kind: str) -> dict[str, Any]:
        while True:
            event = queue.get(timeout=DEADLINE_S)
            assert event is not None
            if event[0] == kind:
                return event[1]

    return following


def test_a_request_is_told_from_decision_to_outcome_and_is_then_in_the_list(
    daemon: Daemon, events: Callable[[str], dict[str, Any]]
) -> None:
    assert events("status")["state"] == "plumbing check only"
    ask(daemon, "explain the first thing", model="gpt-4o")
    begun = events("decision")
    attempt = events("attempt")
    ended = events("outcome")
    assert begun["id"] == attempt["decision"] == ended["id"]
    assert (begun["finish"], attempt["number"], attempt["model"]) == (None, 1, ended["model"])
    row = daemon.client.decisions(limit=1)["decisions"][0]
    assert {**ended, "unix_s": row["unix_s"]} == row
    assert row["baseline_cost_usd"] == 0.0, "what only checks the plumbing saves nothing"


def test_a_switch_a_bad_file_and_a_good_one_are_told(
    daemon: Daemon, events: Callable[[str], dict[str, Any]]
) -> None:
    daemon.client.post("/control/offline", {"offline": True, "by": "a test"})
    assert events("mode")["by"] == "a test"
    daemon.client.post("/control/offline", {"offline": False})
    assert events("mode")["offline"] is False
    policy = daemon.home / "policy.toml"
    policy.write_text("[[rule]\n", encoding="utf-8")
    assert "policy.toml" in events("settings")["error"]
    policy.write_text("[[rule]]\nid = 'one'\n", encoding="utf-8")
    assert events("settings")["error"] == ""
    ask(daemon, "anything")
    assert events("decision")["task"]


def test_statistics_count_what_was_answered_in_the_policy_s_currency(daemon: Daemon) -> None:
    before = daemon.client.stats(days=7)
    (daemon.home / "policy.toml").write_text("currency = 'EUR'\nper_usd = 0.5\n", encoding="utf-8")
    daemon.client.post("/control/reload")
    ask(daemon, "count this", model="gpt-4o")
    after = daemon.client.stats(days=7)
    assert (after["currency"], after["per_usd"]) == ("EUR", 0.5)
    assert after["today"]["requests"] == before["today"]["requests"] + 1
    assert after["total"]["saved"] == 0.0
    assert after["today"]["local_share"] == 1.0
    assert after["by_model"][0]["latency"]["duration_s"]["answers"] >= 1


@pytest.mark.parametrize(
    "path",
    [
        "/control/stats?days=0",
        "/control/stats?days=1e3",
        "/control/decisions?limit=501",
        "/control/decisions?before=-1",
        "/control/decisions?limit=1_0",
    ],
)
def test_numbers_that_make_no_sense_are_refused(daemon: Daemon, path: str) -> None:
    with pytest.raises(DaemonError) as caught:
        daemon.client.get(path)
    assert caught.value.status == 400


def test_listening_costs_a_token(daemon: Daemon) -> None:
    with pytest.raises(DaemonError) as caught:
        list(DaemonClient(daemon.home, token="rd-wrong").watch())  # noqa: S106  # planted
    assert caught.value.status == 401


def test_a_daemon_with_listeners_stops_at_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Daemon(tmp_path_factory.mktemp("stops")) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=DEADLINE_S) as listener:
            head = (
                f"GET /control/events HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
                f"Authorization: Bearer {running.token}\r\n\r\n"
            )
            listener.sendall(head.encode())
            received = b""
            while b"event: status" not in received:
                received += listener.recv(65536)
            assert json.loads(received.split(b"data: ", 1)[1].split(b"\n\n", 1)[0])["pid"]
            running.client.post("/control/shutdown")
            while data := listener.recv(65536):
                received += data
        assert received.endswith(b"0\r\n\r\n"), "the stream ends as it should"
        assert running.process is not None
        running.process.wait(DEADLINE_S)
    assert "draining" in running.log()

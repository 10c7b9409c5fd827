"""Pause, resume and profile at a real daemon, and what its status tells a face."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from routerd.client import DaemonError
from routerd.core.status import Status, from_json
from tests.fakes.daemon import QUIET, Daemon, routerd
from tests.fakes.ollama_model import FakeModel
from tests.fakes.ollama_server import FakeOllama

ENGINE = '[[provider]]\nname = "ollama"\nkind = "ollama"\nbase_url = "{url}"\n'
WANTED = "[notifications]\nbudget = true\n"


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeOllama]:
    with FakeOllama(FakeModel("qwen:7b")) as server:
        yield server


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, engine: FakeOllama) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("home")
    config = QUIET + "enabled = false\n" + WANTED + ENGINE.format(url=engine.url)
    with Daemon(home, config) as running:
        running.client.post("/control/refresh")  # the first look may have been cut short
        yield running


@pytest.fixture(scope="module")
def http(daemon: Daemon) -> Iterator[httpx2.Client]:
    with daemon.http() as opened:
        yield opened


def status_of(daemon: Daemon) -> Status:
    return from_json(daemon.client.get("/control/status"))


def messages(text: str = "hello") -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], "max_tokens": 8}


DOORS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/chat/completions", messages()),
    ("/v1/chat/completions", {**messages(), "stream": True}),
    ("/v1/messages", messages()),
    ("/v1/responses", {"model": "auto", "input": "hello"}),
    ("/v1/embeddings", {"model": "auto", "input": "hello"}),
    ("/api/chat", messages()),
)


def test_paused_every_door_says_so_in_its_dialect_and_memory_is_freed(
    daemon: Daemon, http: httpx2.Client, engine: FakeOllama
) -> None:
    assert http.post("/v1/chat/completions", json=messages()).status_code == 200
    assert list(engine.loaded) == ["qwen:7b"]
    (loaded,) = [model for model in status_of(daemon).models if model.warm]
    assert loaded.name == "ollama/qwen:7b"
    ran = routerd(daemon.home, "pause", "--for", "30m")
    assert ran.stdout.startswith("paused for 30 min"), ran.stderr
    for path, body in DOORS:
        answer = http.post(path, json=body)
        assert answer.status_code == 503, path
        assert 1790 <= int(answer.headers["retry-after"]) <= 1800
        told = answer.json()["error"]
        text = told if isinstance(told, str) else told["message"]
        assert "routerd is paused" in text, path
    status = status_of(daemon)
    assert status.paused
    assert 1790 < status.paused_left_s <= 1800
    # Deciding and looking go on: nobody is asked for it.
    assert http.post("/control/route", json={"text": "hello"}).status_code == 200
    for _ in engine_is_empty(engine):
        daemon.client.get("/health")
    assert routerd(daemon.home, "resume").stdout == "requests are taken again\n"
    assert http.post("/v1/chat/completions", json=messages()).status_code == 200


def engine_is_empty(engine: FakeOllama) -> Iterator[int]:
    """Yield until nothing is loaded, at most a thousand times."""
    for turn in range(1000):
        if not engine.loaded:
            return
        yield turn
    raise AssertionError(f"still loaded: {list(engine.loaded)}")


def test_what_runs_when_it_is_paused_ends_as_if_it_were_not(
    daemon: Daemon, http: httpx2.Client
) -> None:
    body = {**messages("count to a hundred"), "stream": True}
    with http.stream("POST", "/v1/chat/completions", json=body) as answer:
        lines = answer.iter_lines()
        next(lines)
        assert http.post("/control/pause", json={}).json()["paused"]
        rest = list(lines)
    assert rest[-1] == "data: [DONE]" or "data: [DONE]" in rest
    assert http.post("/control/resume", json={}).json() == {
        "paused": False,
        "paused_left_s": 0.0,
        "running": 0,
    }


def test_a_pause_that_makes_no_sense_is_refused(http: httpx2.Client) -> None:
    for wrong in ("soon", 0, -5, True, 1e9):
        assert http.post("/control/pause", json={"for_s": wrong}).status_code == 400


def test_the_profile_is_switched_and_written_with_the_comments_kept(daemon: Daemon) -> None:
    path = daemon.home / "config.toml"
    daemon.configure("# mine\n" + path.read_text("utf-8"))
    assert daemon.client.post("/control/profile", {"profile": "best"}) == {"profile": "best"}
    text = path.read_text("utf-8")
    assert text.startswith('profile = "best"\n')
    assert "# mine" in text
    status = status_of(daemon)
    assert status.profile == "best"
    assert status.profiles == ("cheap", "balanced", "best", "fast")
    with pytest.raises(DaemonError, match="no such profile"):
        daemon.client.post("/control/profile", {"profile": "worst"})
    assert status_of(daemon).profile == "best"


def test_a_face_finds_what_it_shows(daemon: Daemon, http: httpx2.Client) -> None:
    made = http.post("/v1/chat/completions", json=messages()).headers["x-routerd-decision"]
    status = status_of(daemon)
    newest = status.decisions[0]
    assert (newest.id, newest.model, newest.zone) == (made, "ollama/qwen:7b", "device")
    assert (status.cloud_allowed, status.cloud_reason[:12]) == (False, "no cloud has")
    assert status.notifications == ("budget",)
    assert (status.running, status.refused.count, status.saved.currency) == ((), 0, "USD")


def test_the_last_decisions_are_known_after_a_restart(tmp_path: Path, engine: FakeOllama) -> None:
    home = tmp_path / "home"
    config = QUIET + "enabled = false\n" + ENGINE.format(url=engine.url)
    with Daemon(home, config) as first:
        first.client.post("/control/refresh")
        first.client.post("/v1/chat/completions", messages())
        before = status_of(first).decisions
        first.client.post("/control/pause", {})
    with Daemon(home, config) as second:
        status = status_of(second)
        assert [d.id for d in status.decisions] == [d.id for d in before]
        assert status.decisions[0].model == "ollama/qwen:7b"
        assert not status.paused

"""Engines that start and stop while the daemon runs are noticed by themselves."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakes.daemon import Daemon
from tests.fakes.http_server import closed_port_url
from tests.fakes.ollama_server import FakeModel, FakeOllama

PATIENCE_S = 60.0
ASKED = {"model": "auto", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def port() -> int:
    return urlsplit(closed_port_url()).port or 0


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Daemon]:
    home: Path = tmp_path_factory.mktemp("home")
    config = (
        "port = 0\ndiscover = false\ncheck_every_s = 0.3\n[llamacpp]\nenabled = false\n"
        f'[[provider]]\nname = "mine"\nkind = "ollama"\nbase_url = "http://127.0.0.1:{port}"\n'
    )
    with Daemon(home, config) as running:
        yield running


def until(daemon: Daemon, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first status of which it is so; the daemon looks by itself, every 0.3 s."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        status: dict[str, Any] = daemon.client.get("/control/status")
        if is_so(status):
            return status
        assert time.monotonic() < deadline_s, status
        time.sleep(0.05)  # another process looks; there is no event to wait for


def test_an_engine_is_noticed_when_it_comes_goes_and_comes_back(daemon: Daemon, port: int) -> None:
    def models(status: dict[str, Any]) -> list[str]:
        return [model["name"] for model in status["models"] if model["usable"]]

    pid = until(daemon, lambda status: not status["engines"][0]["up"])["pid"]
    with daemon.http() as http:
        for again in range(2):
            assert http.post("/v1/chat/completions", json=ASKED).status_code == 503
            with FakeOllama(FakeModel("qwen2.5-coder:7b"), port=port):
                there = until(daemon, lambda status: bool(models(status)))
                assert models(there) == ["mine/qwen2.5-coder:7b"]
                assert (there["state"], there["engines"][0]["up"]) == ("ready", True)
                answer = http.post("/v1/chat/completions", json=ASKED)
                assert answer.json()["model"] == "mine/qwen2.5-coder:7b"
            # A look that met it while it ended may have another reason; the next one has this.
            gone = until(
                daemon,
                lambda status: "refused the connection" in status["engines"][0]["detail"],
            )
            assert models(gone) == []
            assert gone["pid"] == pid, again
        listed = http.get("/v1/models").json()["data"]
    assert not [model for model in listed if model["id"].startswith("mine/")]


@pytest.mark.parametrize(
    ("path", "first"),
    [("/v1/chat/completions", ": loading "), ("/v1/messages", ": loading "), ("/api/chat", "{")],
)
def test_who_waits_for_a_cold_model_is_told_how_long_in_every_dialect(
    daemon: Daemon, port: int, path: str, first: str
) -> None:
    # A name of its own: how long a load took is remembered.
    name = f"llama3-{len(path)}:8b"
    model = FakeModel(name, load_s=2.5)
    with FakeOllama(model, port=port), daemon.http() as http:
        until(daemon, lambda status: any(m["name"] == f"mine/{name}" for m in status["models"]))
        with http.stream("POST", path, json={**ASKED, "stream": True, "max_tokens": 9}) as answer:
            lines = [line for line in answer.iter_lines() if line]
    assert lines[0].startswith(first)
    if path == "/api/chat":
        # No client of JSON lines is sent what is none.
        assert all(json.loads(line) for line in lines)
        return
    words = [line for line in lines if line.startswith(":")]
    # About 5 s by its size, told at once and again every 2 s until it answers.
    assert words[0] == f": loading {name}, about 5 s"
    assert any(word.endswith(" s left") for word in words[1:]), words
    pings = [line for line in lines if line == "event: ping"]
    assert len(pings) == (len(words) if path == "/v1/messages" else 0)


def test_the_interval_takes_effect_without_a_restart(daemon: Daemon, port: int) -> None:
    config = (daemon.home / "config.toml").read_text("utf-8")
    try:
        daemon.configure(config.replace("check_every_s = 0.3", "check_every_s = 0.2"))
        with FakeOllama(FakeModel("llama3:8b"), port=port) as engine:
            until(daemon, lambda status: any(m["usable"] for m in status["models"]))
            before = len(engine.calls_to("/api/tags"))
            until(daemon, lambda _: len(engine.calls_to("/api/tags")) >= before + 3)
    finally:
        daemon.configure(config)

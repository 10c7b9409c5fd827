"""One daemon per home: start, second start, crash, stop; and what each says."""

import json
import os
import signal
import socket
from pathlib import Path

from tests.fakes.daemon import QUIET, Daemon, routerd


def _home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(QUIET, encoding="utf-8")
    return home


def test_up_answers_down_stops_and_status_tells_both(tmp_path: Path) -> None:
    home = _home(tmp_path)
    assert routerd(home, "status").returncode == 3
    up = routerd(home, "up")
    try:
        assert up.returncode == 0, up.stderr
        assert (home / "logs" / "start.log").stat().st_mode & 0o077 == 0
        assert "/v1" in up.stdout
        assert "plumbing check" in up.stdout
        assert "routerd pull" in up.stdout
        again = routerd(home, "up")
        assert again.returncode == 0
        assert "already runs (process" in again.stdout
        status = routerd(home, "status", "--json")
        assert status.returncode == 0
        assert json.loads(status.stdout)["state"] == "plumbing check only"
    finally:
        down = routerd(home, "down")
    assert down.returncode == 0, down.stderr
    assert routerd(home, "status").returncode == 3
    assert routerd(home, "down").returncode == 3


def test_a_second_daemon_is_told_who_holds_the_home(tmp_path: Path) -> None:
    with Daemon(tmp_path / "home") as first:
        second = routerd(first.home, "serve")
        assert first.process is not None
        assert second.returncode == 1
        assert f"process {first.process.pid}" in second.stderr


def test_what_kill_9_leaves_behind_is_no_obstacle(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Daemon(home) as first:
        assert first.process is not None
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait(10)
    assert (home / "run" / "endpoint.json").exists()
    assert routerd(home, "status").returncode == 3
    with Daemon(home) as second:
        assert second.client.get("/health") == {"status": "ok"}


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    home = _home(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (home / "config.toml").write_text(f"port = {port}\ndiscover = false\n", encoding="utf-8")
        ran = routerd(home, "up")
    assert ran.returncode == 1
    assert f"Port {port}" in ran.stderr
    assert "config.toml" in ran.stderr


def test_a_broken_config_is_named_with_file_line_and_key(tmp_path: Path) -> None:
    home = _home(tmp_path)
    (home / "config.toml").write_text("port = 0\n[weights]\nspeed = 1\n", encoding="utf-8")
    ran = routerd(home, "up")
    assert ran.returncode == 1
    assert "config.toml:3: weights.speed: unknown key" in ran.stderr


def test_only_loopback_is_listened_on(tmp_path: Path) -> None:
    with Daemon(tmp_path / "home") as daemon:
        assert daemon.process is not None
        tcp = Path(f"/proc/{daemon.process.pid}/net/tcp").read_text("ascii")
        port = f":{daemon.port:04X}"
        rows = [line.split() for line in tcp.splitlines() if f"{port} " in line]
        addresses = {row[1] for row in rows if row[3] == "0A"}
        assert addresses == {f"0100007F{port}"}


def test_the_built_in_model_steps_aside_for_a_real_one(tmp_path: Path) -> None:
    from tests.fakes.tiny_gguf import make

    home = _home(tmp_path)
    (home / "models").mkdir(mode=0o700)
    make(home / "models" / "tiny-test.gguf", reply="Green apples ripen slowly.")
    with Daemon(home) as daemon:
        body = {"messages": [{"role": "user", "content": "hi"}]}
        with daemon.http() as http:
            answer = http.post("/v1/chat/completions", json=body)
        assert answer.json()["model"] == "llamacpp/tiny-test"
        assert "Green apples" in answer.json()["choices"][0]["message"]["content"]
        assert "x-routerd-notice" not in answer.headers
        assert daemon.client.get("/control/status")["state"] == "ready"


def test_without_any_engine_ask_says_where_was_looked_and_route_still_works(
    tmp_path: Path,
) -> None:
    config = "port = 0\n[llamacpp]\nenabled = false\n"
    with Daemon(tmp_path / "home", config, OLLAMA_HOST="127.0.0.1:1") as daemon:
        asked = routerd(daemon.home, "ask", "hello")
        assert asked.returncode == 1
        assert "127.0.0.1:1" in asked.stderr
        assert "routerd pull" in asked.stderr
        assert "ollama pull" in asked.stderr
        routed = routerd(daemon.home, "route", "--json", "hello")
        assert routed.returncode == 0
        assert json.loads(routed.stdout)["chosen"] is None
        assert json.loads(routed.stdout)["features"]["task"]


def test_route_and_why_work_without_a_daemon(tmp_path: Path) -> None:
    home = _home(tmp_path)
    routed = routerd(home, "route", "--json", "rename this variable")
    assert routed.returncode == 0, routed.stderr
    assert json.loads(routed.stdout)["chosen"] == "llamacpp/plumbing-check"
    nothing = routerd(home, "why")
    assert nothing.returncode == 1
    assert "No such decision" in nothing.stderr

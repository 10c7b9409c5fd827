"""A canary in prompts, keys and paths, through every door and fault: nothing of it is kept."""

import json
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from routerd.audit import export
from tests.fakes.daemon import Daemon, routerd
from tests.fakes.openai_server import FakeOpenAI

CANARY = "canary-8d1f77-never-kept"
KEY = "ghp_" + "c4Na" * 9
TEXT = f"explain {CANARY} in /home/me/{CANARY}/tax.py, token {KEY}, mail maria.canary@nordbank.eu"
# Those that stay silent take a time limit each; one stands for them.
SILENT = {"hang-mid-stream"}
SETTINGS = """port = 0
discover = false
[llamacpp]
threads = 1
[timeouts]
first_token_s = 1.0
idle_s = 1.0
whole_answer_s = 2.0
[[provider]]
name = "here"
kind = "openai_compatible"
base_url = "{url}/v1"
[[provider]]
name = "team"
kind = "openai_compatible"
base_url = "{elsewhere}/v1"
zone = "network"
"""


def written(home: Path) -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and not path.is_socket()
    }


def found(home: Path) -> list[Path]:
    needles = (CANARY.encode(), KEY.encode(), b"maria.canary")
    return [path for path, data in written(home).items() if any(n in data for n in needles)]


def ask(daemon: Daemon, model: str, **more: Any) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": TEXT}], **more}
    with daemon.http() as http:
        answer = http.post("/v1/chat/completions", json=body)
        answer.read()
    return int(answer.status_code)


def abort_with_a_prompt_in_hand(daemon: Daemon) -> None:
    """Crash the daemon in the middle of an answer, as native code does."""
    assert daemon.process is not None
    body = {
        "model": "here/hang-mid-stream",
        "messages": [{"role": "user", "content": TEXT}],
        "stream": True,
    }
    with daemon.http() as http, http.stream("POST", "/v1/chat/completions", json=body) as answer:
        next(answer.iter_raw())
        daemon.expected_code = -signal.SIGABRT
        daemon.process.send_signal(signal.SIGABRT)
        daemon.process.wait(30)


@pytest.fixture(scope="module")
def gone_through(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    """Go through every door and fault; return the home and what the server elsewhere was sent."""
    home = tmp_path_factory.mktemp("home")
    faults = [name for name in FakeOpenAI.FAULTS if "hang" not in name or name in SILENT]
    with FakeOpenAI() as server, FakeOpenAI() as elsewhere:
        settings = SETTINGS.replace("{url}", server.url).replace("{elsewhere}", elsewhere.url)
        (home / "policy.toml").write_text('[screening]\nsecret = "mask"\n', encoding="utf-8")
        with Daemon(home, settings) as daemon:
            for fault in faults:
                ask(daemon, f"here/{fault}", stream=True)
            ask(daemon, "here/status-422")
            for model in ("llamacpp/plumbing-check", "here/good", "auto", f"{CANARY}-model"):
                assert ask(daemon, model) in (200, 502)
            before = len(elsewhere.calls_to("/v1/chat/completions"))
            assert ask(daemon, "team/good") == 200
            sent = [call.data for call in elsewhere.calls_to("/v1/chat/completions")[before:]]
            with daemon.http() as http:
                http.post("/v1/chat/completions", content=b'{"messages": "' + TEXT.encode())
                for path in ("route", "classify", "policy/show"):
                    http.post(f"/control/{path}", json={"text": TEXT})
                http.get(f"/v1/{CANARY}", headers={"x-api-key": KEY})
            routerd(home, "ask", TEXT)
            assert daemon.client.get("/control/decisions/last")
            # A worker that dies over the prompt, and then the daemon itself, with one in its hands.
            assert daemon.process is not None
            for worker in psutil.Process(daemon.process.pid).children():
                worker.send_signal(signal.SIGABRT)
            assert ask(daemon, "llamacpp/plumbing-check") in (200, 502)
            assert daemon.process is not None
            process = Path(f"/proc/{daemon.process.pid}")
            if process.exists():
                for name in ("cmdline", "environ"):
                    assert CANARY.encode() not in (process / name).read_bytes()
            abort_with_a_prompt_in_hand(daemon)
    return home, sent


def test_nothing_of_it_is_in_any_file(gone_through: tuple[Path, list[Any]]) -> None:
    home, _ = gone_through
    names = {path.name for path in written(home)}
    assert {"state.db", "audit.log", "routerd.log", "output.txt"} <= names
    # The name of a model that a client asks for is no prompt: it is what savings count against.
    told = ("state.db", "state.db-wal", "audit.log")
    assert [path for path in found(home) if path.name not in told] == []
    allowed = f"{CANARY}-model".encode()
    for name in told:
        data = (home / name).read_bytes().replace(allowed, b"")
        assert CANARY.encode() not in data
        assert KEY.encode() not in data
        assert b"maria.canary" not in data


def test_a_crash_leaves_no_core_file(gone_through: tuple[Path, list[Any]]) -> None:
    home, _ = gone_through
    assert [path for path in written(home) if path.name.startswith("core")] == []
    assert [path for path in Path.cwd().glob("core*") if path.is_file()] == []


def test_the_server_elsewhere_was_sent_masks_and_the_log_tells_so(
    gone_through: tuple[Path, list[Any]],
) -> None:
    home, (sent,) = gone_through
    text = json.dumps(sent)
    assert KEY not in text
    assert "maria.canary" not in text
    assert CANARY in text, "what is no secret is sent as it is"
    entries = [e for e in export.entries(home / "audit.log") if e.get("model") == "team/good"]
    (answered,) = entries
    assert answered["screened"] == "mask"
    assert {f["detector"] for f in answered["findings"]} >= {"github-pat", "email"}
    assert answered["bytes_out"] > 0
    assert answered["zone"] == "network"
    decided = [e for e in export.entries(home / "audit.log") if e["kind"] == "decided"]
    assert answered["decision"] in [e["decision"] for e in decided]


def test_the_support_bundle_has_nothing_of_it(
    gone_through: tuple[Path, list[Any]], tmp_path: Path
) -> None:
    home, _ = gone_through
    ran = routerd(home, "support-bundle", "--yes", "--show", "--output", str(tmp_path / "b.zip"))
    assert ran.returncode == 0
    assert KEY not in ran.stdout
    assert TEXT not in ran.stdout

"""Policy, offline mode, audit and forgetting through a real daemon."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from routerd.audit.verify import verify
from routerd.storage.database import open_connection
from tests.fakes.daemon import QUIET, Daemon, routerd
from tests.fakes.openai_server import FakeOpenAI
from tests.network.test_airgap import needs_namespaces

CANARY = "canary-51c0de-do-not-keep"
DEADLINE_S = 15.0
BILLING = "[[rule]]\nid = 'billing'\nwhen.path = 'src/billing/**'\nrequire.tier = 'premium'\n"


def ask(daemon: Daemon, text: str, model: str = "auto") -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return daemon.client.post("/v1/chat/completions", body)


def until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)  # the daemon is another process; there is no event to wait for


@pytest.fixture
def governed(daemon: Daemon) -> Iterator[Daemon]:
    yield daemon
    (daemon.home / "policy.toml").unlink(missing_ok=True)
    daemon.client.post("/control/reload")
    daemon.client.post("/control/offline", {"offline": False})


def test_a_policy_takes_effect_when_saved_and_a_mistake_keeps_the_last(governed: Daemon) -> None:
    path = governed.home / "policy.toml"
    path.write_text(BILLING, encoding="utf-8")
    until(lambda: governed.client.get("/control/policy")["rules"] == ["billing"])
    ran = routerd(governed.home, "ask", "fix src/billing/tax.py")
    assert ran.returncode == 4
    assert "policy rule billing: requires tier premium" in ran.stderr
    assert routerd(governed.home, "ask", "fix src/blog/post.py").returncode == 0
    path.write_text("[[rule]\n", encoding="utf-8")
    until(lambda: bool(governed.client.get("/control/policy")["error"]))
    assert governed.client.get("/control/policy")["rules"] == ["billing"]
    found = json.loads(routerd(governed.home, "why", "last", "--json").stdout)
    assert found["policy_rules"] == []


def test_show_tells_which_rules_apply_and_which_field_does_not_fit(governed: Daemon) -> None:
    (governed.home / "policy.toml").write_text(BILLING, encoding="utf-8")
    governed.client.post("/control/reload")
    ran = routerd(governed.home, "policy", "show", "--json", "fix src/billing/tax.py")
    found = json.loads(ran.stdout)
    assert found["rules"] == [{"id": "billing", "applies": True, "misfits": [], "excepted": False}]
    assert found["decision"]["policy_rules"] == ["billing"]
    assert found["decision"]["exclusions"][0]["rule"] == "policy"
    other = routerd(governed.home, "policy", "show", "hello").stdout
    assert "not path" in other


def test_a_thousand_saves_drop_no_request(governed: Daemon) -> None:
    path = governed.home / "policy.toml"
    began_s = time.monotonic()
    saves = asked = 0
    while saves < 1000 or asked < 10:
        new = path.with_suffix(".new")
        half = saves % 2
        new.write_text(BILLING[: 40 if half else None], encoding="utf-8")
        new.replace(path)
        saves += 1
        if saves % 100 == 0:
            governed.client.post("/control/reload")
            assert ask(governed, "hello")["choices"][0]["finish_reason"] == "stop"
            asked += 1
    path.write_text(BILLING, encoding="utf-8")
    until(
        lambda: (
            governed.client.get("/control/policy")
            == {"rules": ["billing"], "error": "", "budgets": []}
        )
    )
    assert time.monotonic() - began_s < 120


def test_offline_mode_is_switched_at_run_time_and_outlives_the_daemon(tmp_path: Path) -> None:
    with FakeOpenAI() as server:
        config = QUIET + (
            f'[[provider]]\nname = "team"\nkind = "openai_compatible"\nbase_url = "{server.url}/v1"\n'
            'zone = "network"\n'
        )
        with Daemon(tmp_path, config) as daemon:
            told = routerd(tmp_path, "offline", "on").stdout
            assert "routerd's own connections and an audit hook" in told
            status = daemon.client.get("/control/status")
            assert status["offline"] is True
            found = daemon.client.post("/control/route", {"text": "hello"})
            assert {e["rule"] for e in found["exclusions"]} <= {"offline", "plumbing"}
            daemon.client.post("/control/refresh")
            report = json.loads(routerd(tmp_path, "offline", "report", "--json").stdout)
            assert report["offline"] is True
        with Daemon(tmp_path, config) as daemon:
            assert daemon.client.get("/control/status")["offline"] is True
            assert routerd(tmp_path, "offline", "off").returncode == 0
            assert daemon.client.get("/control/status")["offline_layer"] == ""


def test_offline_mode_thrown_while_settings_are_reloaded_stays_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        engine = f'[[provider]]\nname = "mute"\nkind = "openai_compatible"\nbase_url = "{url}"\n'
        with Daemon(tmp_path, QUIET) as daemon, ThreadPoolExecutor(1) as pool:
            daemon.configure(QUIET + engine)
            # Looking for an engine that accepts and says nothing takes the reload some seconds.
            reload = pool.submit(daemon.client.post, "/control/reload")
            silent.settimeout(DEADLINE_S)
            connection, _ = silent.accept()
            with connection:
                daemon.client.post("/control/offline", {"offline": True})
                reload.result()
            status = daemon.client.get("/control/status")
            assert status["offline"] is True
            assert status["offline_layer"]


def test_the_audit_log_has_an_entry_a_request_and_its_chain_holds(daemon: Daemon) -> None:
    ask(daemon, f"remember {CANARY}")
    daemon.client.get("/control/decisions/last")
    ran = routerd(daemon.home, "audit", "verify")
    assert ran.returncode == 0, ran.stdout
    last = json.loads(routerd(daemon.home, "audit", "export").stdout.splitlines()[-1])
    assert last["kind"] == "answered"
    assert last["zone"] == "device"
    assert last["bytes_out"] == 0
    assert CANARY not in (daemon.home / "audit.log").read_text("ascii")
    assert verify(daemon.home / "audit.log").holds


def test_what_is_forgotten_is_gone(daemon: Daemon) -> None:
    ask(daemon, "refactor this function so that it returns early")
    identity = daemon.client.get("/control/decisions/last")["id"].encode()
    daemon.client.post("/control/feedback", {"value": "good"})
    vectors = vectors_of(daemon.home)
    assert vectors, "the task became a memory"
    assert identity in history_of(daemon.home)
    gone = json.loads(routerd(daemon.home, "forget", "--all", "--json").stdout)
    assert gone["decisions"] > 0
    assert routerd(daemon.home, "why", "last").returncode == 1
    assert daemon.client.get("/control/status")["memories"] == 0
    left = history_of(daemon.home)
    assert identity not in left
    assert [vector for vector in vectors if vector in left] == []


def history_of(home: Path) -> bytes:
    """Return every byte of the database, its log and its index."""
    return b"".join(path.read_bytes() for path in sorted(home.glob("state.db*")))


def vectors_of(home: Path) -> list[bytes]:
    connection = open_connection(home / "state.db", writable=False)
    try:
        return [bytes(row[0]) for row in connection.execute("select embedding from memory_vectors")]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/control/offline", {"offline": "yes"}),
        ("/control/forget", {}),
        ("/control/forget", {"since_unix_s": True}),
        ("/control/policy/show", {"text": "x", "client": 5}),
        ("/control/policy/approve", {"code": "nothing"}),
    ],
)
def test_bad_bodies_are_refused_in_words(daemon: Daemon, path: str, body: dict[str, Any]) -> None:
    with daemon.http() as http:
        answer = http.post(path, json=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["message"]


@needs_namespaces
def test_a_daemon_without_the_airgap_is_never_shown_as_one_within_it(daemon: Daemon) -> None:
    ran = routerd(daemon.home, "up", "--airgap")
    assert ran.returncode == 1
    assert "already runs, but without --airgap" in ran.stderr


@needs_namespaces
def test_within_the_airgap_requests_are_answered_and_the_kernel_is_named(tmp_path: Path) -> None:
    with FakeOpenAI() as server:
        config = QUIET + (
            f'[[provider]]\nname = "here"\nkind = "openai_compatible"\nbase_url = "{server.url}/v1"\n'
        )
        with Daemon(tmp_path, config, arguments=["--airgap"]) as daemon:
            status = daemon.client.get("/control/status")
            assert (
                status["offline_layer"] == "kernel: a network namespace with nothing but loopback"
            )
            (engine,) = [e for e in status["engines"] if e["name"] == "here"]
            assert engine["up"], "the engine outside is met through the relay"
            assert ask(daemon, "hello", "here/good")["model"] == "here/good"
            refused = routerd(tmp_path, "offline", "off")
            assert refused.returncode == 1
            assert "the kernel lets nobody out" in refused.stderr
            own = subprocess.run(
                ["readlink", f"/proc/{status['pid']}/ns/net", "/proc/self/ns/net"],  # noqa: S607
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            ).stdout.split()
            assert len(set(own)) == len(own)

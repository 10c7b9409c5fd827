"""The command line and the daemon with a real Secret Service: gnome-keyring, open, locked, absent.

A canary key is planted and must be found nowhere but in the keyring.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import secret_service
from tests.fakes.anthropic_server import FakeAnthropic
from tests.fakes.daemon import environment, routerd

pytestmark = pytest.mark.skipif(not secret_service.AVAILABLE, reason=secret_service.WHY_SKIPPED)
CANARY = "sk-ant-canary-7d1f0c55e2"
KEYS = "$PY -m routerd keys"
CLOUD = 'port = 0\ndiscover = false\n[llamacpp]\nenabled = false\n[[provider]]\nname = "claude"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    (path / "routerd").mkdir(mode=0o700, parents=True)
    path.chmod(0o700)
    return path


@pytest.fixture
def cloud() -> Iterator[FakeAnthropic]:
    with FakeAnthropic(CANARY) as server:
        yield server


def files_with(home: Path, text: str) -> list[Path]:
    """Return the files below a directory that hold a text."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_socket()]
    return [path for path in files if text.encode() in path.read_bytes()]


def test_a_key_is_stored_listed_kept_over_a_new_session_and_removed(home: Path) -> None:
    stored = secret_service.run(home, f"{KEYS} set anthropic", stdin=f"{CANARY}\n")
    assert stored.returncode == 0, stored.stderr
    assert "only be sent to https://api.anthropic.com:443" in stored.stdout
    # Another session, another keyring process: what the desktop's own tool finds is the same.
    found = secret_service.run(
        home, f"{KEYS} list --json; secret-tool lookup service routerd username anthropic"
    )
    listing, _, entry = found.stdout.partition("]\n")
    assert json.loads(listing + "]") == [
        {
            "name": "anthropic",
            "origin": "https://api.anthropic.com:443",
            "usable": True,
            "why": "",
        }
    ]
    if entry:  # where secret-tool is installed
        assert json.loads(entry)["secret"] == CANARY
    assert CANARY not in stored.stdout + stored.stderr + listing + found.stderr
    removed = secret_service.run(home, f"{KEYS} rm anthropic; {KEYS} list; {KEYS} rm anthropic")
    assert removed.returncode == 1
    assert "No keys are stored" in removed.stdout
    assert "There is no key named anthropic" in removed.stderr
    assert files_with(home, CANARY) == []


def test_a_locked_keyring_is_said_within_seconds(home: Path) -> None:
    assert secret_service.run(home, f"{KEYS} set openai", stdin=CANARY).returncode == 0
    locked = secret_service.run(home, f"{KEYS} list", start=secret_service.LOCKED, timeout_s=20)
    assert "openai" in locked.stdout
    assert "not usable" in locked.stdout
    assert "locked" in locked.stdout or "did not answer" in locked.stdout
    refused = secret_service.run(
        home, f"{KEYS} set openai", start=secret_service.LOCKED, stdin=CANARY, timeout_s=20
    )
    assert refused.returncode == 1
    assert CANARY not in refused.stdout + refused.stderr


def test_without_a_session_bus_there_is_no_keyring_and_the_key_goes_nowhere(home: Path) -> None:
    ran = routerd(home / "routerd", "keys", "set", "mistral", stdin=CANARY)
    assert ran.returncode == 1
    assert "no session bus" in ran.stderr
    assert files_with(home, CANARY) == []


def test_the_daemon_answers_with_a_key_of_the_keyring_and_shows_it_nowhere(
    home: Path, cloud: FakeAnthropic
) -> None:
    kind = f'kind = "anthropic"\nbase_url = "{cloud.url}"\nmodels = ["claude*"]\n'
    (home / "routerd" / "config.toml").write_text(CLOUD + kind, encoding="utf-8")
    script = """
$PY -m routerd keys set claude
$PY -m routerd up
$PY -m routerd models --refresh --json
$PY -m routerd ask --json --model claude/claude-sonnet-5 'say hello'
$PY -m routerd ask --model claude/error-401 'say hello' || true
$PY -m routerd status --json
pid=$($PY -c 'import json,os;print(json.load(open(os.environ["ROUTERD_HOME"]+"/run/endpoint.json"))["pid"])')
cat /proc/$pid/cmdline /proc/$pid/environ | tr '\\0' ' '
grep -h 'Max core' /proc/$pid/limits
$PY -m routerd why last --json
$PY -m routerd down
""".strip().replace("\n", "; ")
    ran = secret_service.run(home, script, stdin=f"{CANARY}\n", timeout_s=120)
    assert ran.returncode == 0, ran.stderr
    assert '"claude/claude-sonnet-5"' in ran.stdout
    assert "reifen" in ran.stdout
    assert "Max core file size        0" in ran.stdout
    used = [call for call in cloud.calls if call.headers.get("authorization")]
    assert used, "the fake saw the key"
    assert CANARY not in ran.stdout + ran.stderr
    assert files_with(home, CANARY) == []


def test_a_canary_would_be_found(tmp_path: Path) -> None:
    """The search itself is tried: a planted file is found."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"key={CANARY}", encoding="utf-8")
    assert len(files_with(tmp_path, CANARY)) == 1
    assert "DBUS_SESSION_BUS_ADDRESS" not in environment(tmp_path)
    assert os.environ.get("ANTHROPIC_API_KEY") != CANARY

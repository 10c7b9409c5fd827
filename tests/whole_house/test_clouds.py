"""The real daemon with clouds configured: what it says without keys, offline, and of new keys."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from routerd.settings import known_keys
from tests.fakes.anthropic_server import FakeAnthropic
from tests.fakes.daemon import QUIET, Daemon, routerd
from tests.fakes.http_server import Call, FakeServer, Wire

CLOUD = """
[[provider]]
name = "claude"
kind = "anthropic"
base_url = "{url}"
models = ["claude*"]
"""


@pytest.fixture
def cloud() -> Iterator[FakeAnthropic]:
    with FakeAnthropic("sk-of-somebody") as server:
        yield server


def _engine(daemon: Daemon, name: str) -> dict[str, object]:
    status = daemon.client.post("/control/refresh")
    return next(engine for engine in status["engines"] if engine["name"] == name)


def test_without_a_keyring_a_cloud_is_named_with_the_reason_and_never_asked(
    tmp_path: Path, cloud: FakeAnthropic
) -> None:
    config = "allow_env_keys = true\n" + QUIET + CLOUD.format(url=cloud.url)
    # A variable's key is bound to the vendor's own address; this one is somewhere else.
    with Daemon(tmp_path / "home", config, ANTHROPIC_API_KEY="sk-of-somebody") as daemon:
        engine = _engine(daemon, "claude")
        assert (engine["up"], engine["zone"]) == (False, "cloud")
        assert "keyring" in str(engine["detail"])
        # A name that nobody has means auto: what is on this machine answers.
        asked = routerd(daemon.home, "ask", "--model", "claude/claude-sonnet-5", "hello")
        assert "plumbing" in asked.stderr
        assert cloud.calls == []
        assert "sk-of-somebody" not in daemon.log() + json.dumps(engine)


def test_a_key_that_is_stored_makes_its_cloud_appear_without_a_restart(tmp_path: Path) -> None:
    with Daemon(tmp_path / "home", "offline = true\n" + QUIET) as daemon:
        assert [e["name"] for e in daemon.client.get("/control/status")["engines"]] == ["llamacpp"]
        known_keys.add(daemon.home, "mistral", "https://api.mistral.ai:443")
        assert daemon.client.post("/control/reload")["ok"]
        engine = _engine(daemon, "mistral")
        assert engine["zone"] == "cloud"
        assert not engine["up"]
        known_keys.remove(daemon.home, "mistral")
        assert daemon.client.post("/control/reload")["ok"]
        names = [e["name"] for e in daemon.client.get("/control/status")["engines"]]
        assert names == ["llamacpp"]


def test_an_engine_that_hangs_keeps_no_door_closed(tmp_path: Path) -> None:
    class Silent(FakeServer):
        @override
        async def answer(self, call: Call, wire: Wire) -> None:
            await wire.silence()

    with Silent() as server:
        engine = (
            f'[[provider]]\nname = "slow"\nkind = "openai_compatible"\nbase_url = "{server.url}"\n'
        )
        with Daemon(tmp_path / "home", QUIET + engine) as daemon:
            assert _engine(daemon, "slow")["up"] is False
            # It was found silent only after the doors were open.
            assert daemon.log().index("ready on") < daemon.log().index("slow is down")

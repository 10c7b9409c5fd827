"""Status to what the icon says."""

from dataclasses import replace

import pytest

from routerd.core.status import RunningRequest, Status
from tests.tray.status_samples import BUSY, CLOUD, LOCAL, OFFLINE, PAUSED, REFUSED
from tray import looks
from tray.view import KINDS, Look


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, Look("stopped")),
        (LOCAL, Look("local")),
        (CLOUD, Look("cloud")),
        (BUSY, Look("busy")),
        (OFFLINE, Look("offline")),
        (PAUSED, Look("paused")),
        (replace(OFFLINE, paused=True), Look("paused")),
        # What goes to a cloud just now is told whatever else is so.
        (replace(BUSY, paused=True), Look("busy")),
        (replace(BUSY, offline=True), Look("busy")),
        (replace(CLOUD, config_error="config.toml:1: port"), Look("cloud", degraded=True)),
        (replace(OFFLINE, policy_error="policy.toml:1: rule"), Look("offline", degraded=True)),
        (replace(LOCAL, warnings=("no classifier",)), Look("local", degraded=True)),
        (replace(LOCAL, state="no models"), Look("local", degraded=True)),
        (replace(LOCAL, state="plumbing check only"), Look("local", degraded=True)),
        (replace(OFFLINE, refused=REFUSED), Look("offline", refused=True)),
    ],
)
def test_each_status_has_its_look(status: Status | None, expected: Look) -> None:
    assert looks.look(status) == expected


def test_a_request_that_stays_here_does_not_look_like_one_that_leaves() -> None:
    here = RunningRequest("d", "ollama/qwen", "device", "review", 0.0)
    near = RunningRequest("e", "team/qwen", "network", "review", 0.0)
    assert looks.kind(replace(CLOUD, running=(here, near))) == "cloud"


def test_a_refusal_is_marked_until_it_was_seen() -> None:
    status = replace(OFFLINE, refused=REFUSED)
    assert looks.look(status, seen=1).refused
    assert not looks.look(status, seen=2).refused


def test_every_state_has_words_and_the_tooltip_is_one_line() -> None:
    assert set(looks.WORDS) == set(KINDS)
    assert looks.title(None) == "routerd: not running"
    assert looks.title(OFFLINE) == "routerd: offline (the kernel)"
    assert looks.title(BUSY) == "routerd: cloud in use now, anthropic/claude-opus answers"
    assert looks.title(replace(LOCAL, warnings=("x",))) == "routerd: local first, needs attention"


def test_what_is_wrong_is_told_once_and_without_the_way_to_the_file() -> None:
    fault = f"{LOCAL.home}/config.toml:3: profile: no such profile"
    status = replace(LOCAL, config_error=fault, warnings=(fault, "no keyring"))
    assert looks.troubles(status) == ("config.toml:3: profile: no such profile", "no keyring")

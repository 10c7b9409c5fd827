import pytest

from routerd.cli import render
from routerd.cli.render import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "memory", "0 memories"),
        (1, "memory", "1 memory"),
        (2, "request", "2 requests"),
        (14, "day", "14 days"),
        (12_345, "entry", "12,345 entries"),
    ],
)
def test_numbers_agree_with_their_nouns(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text


STATUS = {
    "state": "ready",
    "base_url": "http://127.0.0.1:7411/v1",
    "mcp_url": "http://127.0.0.1:7411/mcp",
    "home": "/h",
    "offline": True,
    "offline_layer": "connections",
    "profile": "balanced",
    "classifier": "ready",
    "requests": 3,
    "memories": 2,
    "engines": [],
    "models": [],
    "warnings": [],
}


def test_what_was_saved_kept_here_and_paused_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    more = {
        "saved": {"today": 0.5, "month": 12.25, "currency": "EUR"},
        "refused": {"count": 2, "host": "api.example.com", "reason": "offline mode is on"},
        "paused": True,
        "paused_left_s": 600.0,
    }
    render.status({**STATUS, **more})
    told = capsys.readouterr().out
    assert "0.50 EUR today, 12.25 EUR this month" in told
    assert "2 times, last api.example.com: offline mode is on" in told
    assert "for another 10 min" in told


def test_a_daemon_of_an_earlier_version_is_drawn_too(capsys: pytest.CaptureFixture[str]) -> None:
    render.status(dict(STATUS))
    told = capsys.readouterr().out
    assert "offline (connections)" in told
    assert not {"saved", "kept here", "paused"} & set(told.split())


def test_the_folder_of_models_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    engine = {
        "name": "llamacpp",
        "zone": "device",
        "address": "/h/models",
        "up": True,
        "detail": "no usable GGUF file in /h/models; only the built-in plumbing check",
    }
    render.status({**STATUS, "engines": [engine]})
    told = " ".join(capsys.readouterr().out.split())
    assert told.count("/h/models") == 1
    assert "no usable GGUF file there" in told

"""config.toml takes effect while running; a mistake in it changes nothing."""

import time

from tests.fakes.daemon import QUIET, Daemon

DEADLINE_S = 15.0


def _wait(daemon: Daemon, key: str, value: object) -> dict[str, object]:
    """Poll the status of another process until it shows `value`."""
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        status: dict[str, object] = daemon.client.get("/control/status")
        if status[key] == value or (value is True and status[key]):
            return status
        time.sleep(0.02)  # the daemon is another process; there is no event to wait for
    raise AssertionError(f"{key} never became {value}")


def test_a_change_takes_effect_and_a_mistake_keeps_the_last_good(daemon: Daemon) -> None:
    daemon.configure(QUIET.replace("discover", 'profile = "best"\ndiscover'))
    _wait(daemon, "profile", "best")
    daemon.configure("port = 0\nprofil = 1\n")
    status = _wait(daemon, "config_error", True)
    assert "config.toml:2: profil: unknown key" in str(status["config_error"])
    assert status["profile"] == "best"
    daemon.configure(QUIET)
    status = _wait(daemon, "profile", "balanced")
    assert status["config_error"] == ""


def test_offline_is_switched_on_by_reload_but_never_off(daemon: Daemon) -> None:
    daemon.configure("offline = true\n" + QUIET)
    _wait(daemon, "offline", True)
    daemon.configure(QUIET.replace("discover", 'profile = "cheap"\ndiscover'))
    status = _wait(daemon, "profile", "cheap")
    assert status["offline"] is True

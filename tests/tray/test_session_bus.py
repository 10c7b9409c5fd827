"""Where the session bus is, and what is said where there is none."""

import shutil
import sys

import pytest

from tests.fakes.panel import message_bus_running
from tray.session_bus import NoBus, SessionBus, address

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the bus of Linux desktops")


def test_the_address_is_found_as_libdbus_finds_it() -> None:
    assert address({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}) == "unix:path=/x"
    with pytest.raises(NoBus, match="DBUS_SESSION_BUS_ADDRESS is not set"):
        address({"XDG_RUNTIME_DIR": "/nowhere"})


@pytest.mark.parametrize("told", ["unix:path=/nowhere/bus", "nonsense", "unix:"])
def test_a_bus_that_is_not_there_is_no_crash(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", told)
    with pytest.raises(NoBus):
        SessionBus()


@pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="dbus is not installed")
def test_a_name_is_owned_once_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with message_bus_running() as told:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", told)
        one, other = SessionBus(), SessionBus()
        assert not other.owned("test.of.routerd")
        one.request("test.of.routerd")
        assert other.owned("test.of.routerd")
        one.close()
        other.close()

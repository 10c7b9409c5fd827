"""The real tray against the real daemon: on a real message bus, and on a real X screen."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import psutil
import pytest
from PIL import Image, ImageChops

from routerd.client import DaemonError, NotRunning
from routerd.core.status import Status, from_json
from tests.fakes import panel, screen
from tests.fakes.daemon import Daemon, environment, routerd
from tests.fakes.panel import Panel
from tests.fakes.screen import Screen, until
from tray import icon, menu, notifications
from tray.menu import Own
from tray.menu_picture import MenuPicture
from tray.notices import Notice
from tray.view import KINDS, Look

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trays of Linux desktops")
needs_bus = pytest.mark.skipif(not shutil.which("dbus-daemon"), reason="dbus is not installed")
needs_screen = pytest.mark.skipif(
    not all(map(shutil.which, ("Xvfb", "trayer", "xdotool"))),
    reason="Xvfb, trayer and xdotool are not all installed",
)
ICON_CLASS = "routerd"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("home")) as running:
        yield running
        with suppress(NotRunning, DaemonError):  # one that the icon has started
            running.client.post("/control/shutdown")


@contextmanager
def tray(home: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the tray until the block ends; it must end well."""
    with (
        (home / "tray.txt").open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "tray"],
            env=environment(home, **more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (home / "tray.txt").read_text("utf-8", "replace")


def status_of(daemon: Daemon) -> Status:
    return from_json(daemon.client.get("/control/status"))


@needs_bus
def test_a_panel_shows_the_menu_and_a_click_switches_the_daemon(
    daemon: Daemon, tmp_path: Path
) -> None:
    opened, browser = tmp_path / "opened.txt", tmp_path / "browser"
    script = f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n'
    browser.write_text(script, encoding="utf-8")
    browser.chmod(0o700)
    with (
        panel.message_bus_running() as address,
        Panel(address) as shown,
        tray(daemon.home, DBUS_SESSION_BUS_ADDRESS=address, BROWSER=f"{browser} %s"),
    ):
        shown.wait_for_icon()
        shown.until(lambda: "Offline mode" in shown.layout())
        assert shown.properties()["Id"] == "routerd"
        sizes = [size for size, _, _ in shown.properties()["IconPixmap"]]
        assert sizes == list(icon.SIZES)
        before = shown.properties()["IconPixmap"]
        assert shown.properties_of("Offline mode")["toggle-state"] == 0

        shown.click("Offline mode")
        shown.until(lambda: bool(daemon.client.get("/control/offline")["offline"]))
        shown.until(lambda: shown.properties_of("Offline mode").get("toggle-state") == 1)
        assert shown.properties()["IconPixmap"] != before
        assert "offline" in shown.properties()["Title"]

        # A panel that restarts gets the icon back.
        shown.leave()
        shown.come_back()
        shown.wait_for_icon()
        shown.click("Offline mode")
        shown.until(lambda: not daemon.client.get("/control/offline")["offline"])

        shown.click("cheap")
        shown.until(lambda: status_of(daemon).profile == "cheap")
        assert 'profile = "cheap"' in (daemon.home / "config.toml").read_text("utf-8")
        shown.click("until I resume")
        shown.until(lambda: status_of(daemon).paused)
        shown.until(lambda: "Resume" in shown.layout())
        shown.click("Resume")
        shown.until(lambda: not status_of(daemon).paused)
        shown.click("Open dashboard")
        shown.until(opened.exists)
        url, _, code = opened.read_text("utf-8").strip().partition("#")
        assert url == f"{daemon.url}/dashboard/open"
        with daemon.http() as http:
            sent = {"origin": daemon.url}
            answer = http.post("/dashboard/session", json={"code": code}, headers=sent)
            assert answer.json()["to"] == "/dashboard/"


def start(daemon: Daemon, shown: Panel, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `routerd tray` to its end, while the panel takes icons."""
    found: list[subprocess.CompletedProcess[str]] = []
    thread = Thread(
        target=lambda: found.append(routerd(daemon.home, "tray", "--json", **more)), daemon=True
    )
    thread.start()
    shown.until(lambda: bool(found))
    return found[0]


@needs_bus
def test_the_command_returns_once_the_icon_is_shown_and_a_second_one_shows_no_other(
    daemon: Daemon,
) -> None:
    with panel.message_bus_running() as address, Panel(address) as shown:
        first = start(daemon, shown, DBUS_SESSION_BUS_ADDRESS=address)
        assert first.returncode == 0, first.stderr
        facts = json.loads(first.stdout)
        assert facts["backend"] == "status-notifier"
        shown.wait_for_icon()
        again = start(daemon, shown, DBUS_SESSION_BUS_ADDRESS=address)
        assert json.loads(again.stdout) == facts
        process = psutil.Process(facts["pid"])
        process.terminate()
        shown.until(lambda: not process.is_running() or process.status() == "zombie")
    bare = routerd(daemon.home, "tray")
    assert bare.returncode == 1
    assert "There is no graphical session here" in bare.stderr


@needs_bus
def test_a_notification_goes_to_the_desktops_service_with_its_markup_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notice = Notice("refused", "Kept on this machine", "<b>api.test</b> & more")
    with panel.message_bus_running() as address, Panel(address) as shown:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        done: list[bool] = []
        thread = Thread(target=lambda: done.append(notifications.show(notice, lambda *_: False)))
        thread.start()
        shown.until(lambda: bool(done))
        thread.join()
        assert done == [True]
        (body,) = shown.notifications
        assert body[0] == "routerd"
        assert body[3:5] == ("Kept on this machine", "&lt;b&gt;api.test&lt;/b&gt; &amp; more")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert not notifications.show(notice, lambda *_: False)
    assert notifications.show(notice, lambda *_: True)


@contextmanager
def panel_that_restarts(seen: Screen) -> Iterator[None]:
    """End the tray that holds the icon and start another, in which it must come back."""
    until(lambda: kind_on(seen), "no icon was shown")
    seen.panel.terminate()
    seen.panel.wait(20)
    until(lambda: not kind_on(seen), "the icon outlived its tray")
    with screen.tray_manager(seen, "0x444444"):
        yield


def kind_on(seen: Screen) -> str:
    """Return which state's icon is on the screen; '' where there is none."""
    box = seen.find("", ICON_CLASS)
    if box is None:
        return ""
    picture = seen.picture(box)
    ground = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    side = min(picture.size)

    def unlike(kind: str, marks: tuple[bool, bool]) -> int:
        drawn = icon.draw(Look(kind, *marks), side)  # type: ignore[arg-type]  # of KINDS
        expected = ground.copy()
        expected.paste(drawn, ((picture.width - side) // 2, (picture.height - side) // 2), drawn)
        return sum(ImageChops.difference(picture, expected).convert("L").tobytes())

    marks = [(degraded, refused) for degraded in (False, True) for refused in (False, True)]
    found = min((unlike(kind, mark), kind) for kind in KINDS for mark in marks)
    # Smaller than what a screen's rounding of soft edges makes of it.
    return found[1] if found[0] < 24 * side * side / 10 else ""


def open_menu(seen: Screen) -> tuple[int, int, int, int]:
    """Click the icon; return where the menu lies."""
    place = until(lambda: seen.find("", ICON_CLASS), "no icon")
    seen.click(place[0] + place[2] // 2, place[1] + place[3] // 2)
    found: tuple[int, int, int, int] = until(lambda: seen.find("routerd menu"), "no menu opened")
    until(seen.keyboard_taken, "the menu does not get the keys")
    return found


def click_item(seen: Screen, status: Status | None, label: str) -> None:
    """Open the menu by a click on the icon and click the line with that label."""
    x, y, width, _ = open_menu(seen)
    rows = MenuPicture(menu.items(status, Own(starts_at_login=False))).rows()
    row = next(row for row in rows if row.item.label == label)
    seen.click(x + width // 2, y + row.top + row.height // 2)
    until(lambda: seen.find("routerd menu") is None, "the menu stayed open")


@needs_screen
def test_an_x11_tray_shows_every_change_and_starts_the_daemon_again(daemon: Daemon) -> None:
    with (
        screen.running() as seen,
        tray(daemon.home, DISPLAY=seen.name),
        panel_that_restarts(seen),
    ):
        until(lambda: kind_on(seen) == "local", "the icon does not show the daemon's state")
        told = json.loads((daemon.home / "run" / "tray.json").read_text("utf-8"))
        assert told["backend"] == "x11"
        before = seen.picture()

        click_item(seen, status_of(daemon), "Offline mode")
        until(lambda: daemon.client.get("/control/offline")["offline"], "the mode did not change")
        until(lambda: kind_on(seen) == "offline", "the icon does not show offline mode")
        assert ImageChops.difference(before, seen.picture()).getbbox() is not None

        assert daemon.process is not None
        daemon.process.kill()
        daemon.process.wait(20)
        until(lambda: kind_on(seen) == "stopped", "the icon does not show that nothing runs")
        click_item(seen, None, "Start routerd")
        until(lambda: kind_on(seen) == "offline", "the icon does not show the new daemon")
        pid = status_of(daemon).pid
        # By the keyboard: the lowest lines are Quit this icon and, above it, Stop routerd.
        open_menu(seen)
        for key in ("Up", "Up", "Return"):
            seen.key(key)
        until(lambda: kind_on(seen) == "stopped", "the icon does not show that it stopped")
        until(lambda: not Path(f"/proc/{pid}").exists() or os.getpid() == pid, "it still runs")

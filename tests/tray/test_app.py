"""Views as things happen: what waits, what failed, what was seen. The daemon is not there."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue

import pytest
from typing_extensions import override

from routerd.core.status import Status
from tests.tray.status_samples import OFFLINE, REFUSED
from tray.app import App
from tray.autostart import Xdg
from tray.face import Face, Handlers
from tray.view import Action, Item, View

DEADLINE_S = 20.0


class ListFace(Face):
    """Keeps what it is given to show."""

    name = "list"

    def __init__(self, handlers: Handlers) -> None:
        super().__init__(handlers)
        self.views: Queue[View] = Queue()
        self.ended = threading.Event()

    @override
    def run(self) -> None:
        self.ended.wait(DEADLINE_S)

    @override
    def show(self, view: View) -> None:
        self.views.put(view)

    @override
    def stop(self) -> None:
        self.ended.set()

    def until(self, label: str) -> Item:
        """Return the line that begins so, once a view has it."""
        while True:
            for item in self.views.get(timeout=DEADLINE_S).items:
                if item.label.startswith(label):
                    return item


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = App(tmp_path / "home", ListFace, Xdg(tmp_path / "config"))
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.face.handlers.chosen(Action("quit"))
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def face_of(app: App) -> ListFace:
    assert isinstance(app.face, ListFace)
    return app.face


def test_without_a_daemon_a_click_that_needs_one_says_why_and_the_word_can_be_put_away(
    app: App,
) -> None:
    face = face_of(app)
    assert face.until("Start routerd").enabled
    face.handlers.chosen(Action("offline", "on"))
    failed = face.until("routerd is not running; start it")
    assert failed.action == Action("dismiss")
    face.handlers.chosen(Action("dismiss"))
    while face.views.get(timeout=DEADLINE_S).items[0].action == Action("dismiss"):
        continue


def test_start_at_login_shows_what_the_entry_says(app: App, tmp_path: Path) -> None:
    face = face_of(app)
    assert face.until("Start at login").checked is False
    face.handlers.chosen(Action("login", "on"))
    while not face.until("Start at login").checked:
        continue
    assert Xdg(tmp_path / "config").is_on


def test_a_refusal_is_marked_until_the_menu_was_opened(tmp_path: Path) -> None:
    app = App(tmp_path / "home", ListFace, None)
    face = face_of(app)
    # The steps are taken here, one by one, as its thread takes them.
    app._take(_with(2), "")
    assert face.views.get_nowait().look.refused
    app._looked()
    assert not face.views.get_nowait().look.refused
    app._take(_with(2), "")
    assert not face.views.get_nowait().look.refused
    app._take(_with(3), "")
    assert face.views.get_nowait().look.refused
    # Another daemon counts from nothing.
    app._looked()
    app._take(None, "")
    app._take(_with(1), "")
    assert [face.views.get_nowait().look.refused for _ in range(3)] == [False, False, True]


def _with(count: int) -> Status:
    return replace(OFFLINE, refused=replace(REFUSED, count=count))

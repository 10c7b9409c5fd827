"""Brings it together: what the daemon says and what was clicked become what the icon shows.

One thread owns all state and takes one thing after another from a queue; another carries out
clicks. The icon's own thread never waits for either.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from routerd.client import DaemonClient
from routerd.core.status import Status
from tray import looks, menu, notifications
from tray.actions import Actions, NotDone
from tray.autostart import Autostart
from tray.face import Face, Handlers
from tray.menu import Own
from tray.notices import Limiter, notices
from tray.view import Action, View
from tray.watch import Watch

ASK_S = 10.0
# A profile is looked at with all its engines before it is in force.
DO_S = 45.0
_log = logging.getLogger(__name__)
Step = Callable[[], None]


class App:
    """One tray. `make_face` builds the icon from who is told of clicks."""

    def __init__(
        self,
        home: Path,
        make_face: Callable[[Handlers], Face],
        autostart: Autostart | None,
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        self._steps: SimpleQueue[Step | None] = SimpleQueue()
        self._clicks: SimpleQueue[Action] = SimpleQueue()
        self._autostart = autostart
        self._actions = Actions(home, DaemonClient(home, timeout_s=DO_S), autostart)
        self._watch = Watch(DaemonClient(home, timeout_s=ASK_S), self._heard)
        self._status: Status | None = None
        self._own = Own(starts_at_login=autostart.is_on if autostart else None)
        self._seen = 0
        self._limiter = Limiter()
        handlers = Handlers(
            chosen=lambda action: self._steps.put(lambda: self._chosen(action)),
            looked=lambda: self._steps.put(self._looked),
            shown=shown,
        )
        self.face = make_face(handlers)

    def run(self) -> None:
        """Show the icon until it is quit or the session ends."""
        self._show()
        for target in (self._take_steps, self._carry_out):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        self._watch.start()
        try:
            self.face.run()
        finally:
            self._watch.stop()
            self._steps.put(None)

    def _take_steps(self) -> None:
        while (step := self._steps.get()) is not None:
            try:
                step()
            except Exception:  # noqa: BLE001  # top of a thread, logged whole
                # One thing gone wrong must not leave an icon that shows what was once true.
                _log.exception("a step failed")

    def _heard(self, status: Status | None, fault: str) -> None:
        self._steps.put(lambda: self._take(status, fault))

    def _take(self, status: Status | None, fault: str) -> None:
        before, self._status = self._status, status
        if before is None or status is None or before.pid != status.pid:
            self._seen = 0
        if fault:
            self._own = replace(self._own, failure=fault)
        self._show()
        for notice in notices(before, status):
            if self._limiter.allows(notice.kind, time.monotonic()):
                notifications.show(notice, self.face.notify)

    def _show(self) -> None:
        look = looks.look(self._status, self._seen)
        items = menu.items(self._status, self._own)
        self.face.show(View(look, looks.title(self._status), items))

    def _looked(self) -> None:
        """Take what the menu tells of refusals as seen."""
        if self._status is not None:
            self._seen = self._status.refused.count
            self._show()

    def _chosen(self, action: Action) -> None:
        if action.name == "quit":
            self.face.stop()
        elif action.name == "dismiss":
            self._own = replace(self._own, failure="")
            self._show()
        elif self._own.pending is None:
            self._own = replace(self._own, pending=action, failure="")
            self._show()
            self._clicks.put(action)

    def _carry_out(self) -> None:
        while True:
            action = self._clicks.get()
            failure = ""
            try:
                self._actions.carry_out(action)
            except NotDone as error:
                failure = str(error)
            except Exception as error:  # noqa: BLE001  # told in the menu, logged whole
                _log.exception("%s failed", action.name)
                failure = f"{action.name} failed: {type(error).__name__}; the tray's log tells more"
            # First what is so now, then that it was answered: never a moment of the old state.
            self._watch.ask()
            self._steps.put(lambda failure=failure: self._done(failure))  # type: ignore[misc]

    def _done(self, failure: str) -> None:
        at_login = self._autostart.is_on if self._autostart else None
        self._own = replace(self._own, pending=None, failure=failure, starts_at_login=at_login)
        self._show()

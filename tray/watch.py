"""Keeps asking the daemon for its Status: at once after each event, else every few seconds.

Two threads: one listens to the daemon's events and only nudges, the other asks. Without events
(an older daemon, too many listeners) asking often is enough. It survives any restart.
"""

import logging
import threading
import time
from collections.abc import Callable

from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.core.status import Status, from_json

# Asked again: while events come, while they don't, and while no daemon runs (growing).
QUIET_S, BUSY_S = 30.0, 3.0
GONE_S = (0.3, 0.6, 1.0, 2.0, 3.0)
# The first of several events is answered at once, those that follow it by one question together.
TOGETHER_S = 0.15
_log = logging.getLogger(__name__)


class Watch:
    """`tell` gets each Status, None while no daemon runs, and what is wrong as a text."""

    def __init__(self, client: DaemonClient, tell: Callable[[Status | None, str], None]) -> None:
        self._client = client
        self._tell = tell
        # Answers must be told in the order they were given.
        self._asking = threading.Lock()
        self._nudged = threading.Event()
        self._there = threading.Event()
        self._listening = False
        self._stopped = False

    def start(self) -> None:
        """Start both threads; they end with the process."""
        for target in (self._ask_for_ever, self._listen_for_ever):
            threading.Thread(target=target, name=target.__name__, daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True
        self.nudge()

    def nudge(self) -> None:
        """Ask now."""
        self._nudged.set()

    def _ask_for_ever(self) -> None:
        misses, asked_s = 0, 0.0
        while not self._stopped:
            time.sleep(max(0.0, asked_s + TOGETHER_S - time.monotonic()))
            self._nudged.clear()
            asked_s = time.monotonic()
            misses = 0 if self.ask() else misses + 1
            if misses:
                wait_s = GONE_S[min(misses, len(GONE_S)) - 1]
            else:
                wait_s = QUIET_S if self._listening else BUSY_S
            self._nudged.wait(wait_s)

    def ask(self) -> bool:
        """Ask once and tell; False where no daemon answers. Any thread may."""
        with self._asking:
            return self._ask()

    def _ask(self) -> bool:
        try:
            status = from_json(self._client.get("/control/status"))
        except NotRunning:
            self._there.clear()
            self._tell(None, "")
            return False
        except (DaemonError, ValueError) as error:
            _log.warning("the daemon's status can't be read: %s", error)
            self._tell(None, str(error))
            return False
        self._tell(status, "")
        self._there.set()
        return True

    def _listen_for_ever(self) -> None:
        while not self._stopped:
            self._there.wait()
            try:
                for _ in self._client.watch():
                    self._listening = True
                    self.nudge()
            except (NotRunning, DaemonError) as error:
                _log.info("no events: %s", error)
            except ValueError as error:
                _log.warning("an event makes no sense: %s", error)
            was, self._listening = self._listening, False
            if was:
                # The stream ends when the daemon does: that is to be seen at once.
                self.nudge()
            time.sleep(BUSY_S if not was else GONE_S[0])

"""What every kind of tray icon is to the rest: shown, updated, stopped; clicks come back."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from tray.view import Action, View, default_action


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who is told. Each only queues, so a face may call it from its own thread.

    `shown`: the icon stands in a tray; `looked`: somebody has looked at the menu.
    """

    chosen: Callable[[Action], None] = lambda _: None
    looked: Callable[[], None] = lambda: None
    shown: Callable[[], None] = lambda: None


class Face(ABC):
    """One icon in one kind of tray. `run` owns the thread it is called on."""

    name: str

    def __init__(self, handlers: Handlers) -> None:
        self.handlers = handlers
        self.log = logging.getLogger(type(self).__module__)

    @abstractmethod
    def run(self) -> None:
        """Show the icon and block until `stop`, or until the desktop session ends."""

    @abstractmethod
    def show(self, view: View) -> None:
        """Show this from now on; may be called from any thread, before `run` too."""

    @abstractmethod
    def stop(self) -> None:
        """Have `run` return; may be called from any thread and from a signal handler."""

    def notify(self, title: str, text: str) -> bool:
        """Show a notification; False where this kind of icon can't."""
        return False

    def activate(self, view: View | None) -> None:
        """Do what a click on the icon itself does where there is no menu."""
        action = default_action(view) if view is not None else None
        if action is not None:
            self.handlers.chosen(action)

"""The icon by pystray: Windows and macOS.

On Linux it is not used: its X11 icon gets no clicks and has no menu, and its others need GTK's
Python bindings, which have to be compiled; see design.md. It looks for a display when it is
imported, so it is imported when it is used.
"""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from typing_extensions import override

from tray import icon
from tray.face import Face, Handlers
from tray.view import Action, Item, View

SIZE = 64


class Unusable(Exception):
    """pystray can't show an icon here; the text says why."""


class PystrayFace(Face):
    """Implements `face.Face`."""

    name = "pystray"

    def __init__(self, handlers: Handlers) -> None:
        """Load pystray. Raises: Unusable."""
        super().__init__(handlers)
        self._pystray = load()
        self._escape = _doubled("&") if os.name == "nt" else str
        self._lock = threading.Lock()
        self._view: View | None = None
        self._up = threading.Event()
        self._icon: Any = None

    @override
    def run(self) -> None:
        with self._lock:
            view = self._view
        self._icon = self._pystray.Icon(
            "routerd",
            icon=icon.draw(view.look, SIZE) if view else None,
            title=view.title if view else "routerd",
            menu=self._pystray.Menu(self._items),
        )
        self._icon.run(setup=self._set_up)

    def _set_up(self, shown: Any) -> None:
        shown.visible = True
        self._up.set()
        self.handlers.shown()

    @override
    def show(self, view: View) -> None:
        with self._lock:
            before, self._view = self._view, view
        if not self._up.is_set():
            return
        if before is None or before.look != view.look:
            self._icon.icon = icon.draw(view.look, SIZE)
        if before is None or before.title != view.title:
            # Windows cuts a tooltip at 128 characters with an error.
            self._icon.title = view.title[:120]
        self._icon.update_menu()

    @override
    def stop(self) -> None:
        if self._icon is not None:
            self._icon.stop()

    @override
    def notify(self, title: str, text: str) -> bool:
        if not self._up.is_set() or not self._pystray.Icon.HAS_NOTIFICATION:
            return False
        self._icon.notify(text, title)
        return True

    def _items(self) -> Iterator[Any]:
        with self._lock:
            items = self._view.items if self._view else ()
        for item in items:
            yield self._item(item)

    def _item(self, item: Item) -> Any:
        if item.separator:
            return self._pystray.Menu.SEPARATOR
        below = self._pystray.Menu(*map(self._item, item.children)) if item.children else None
        checked = None if item.checked is None else (lambda _, is_so=item.checked: is_so)
        return self._pystray.MenuItem(
            self._escape(item.label),
            below or self._click(item.action),
            checked=checked,
            radio=item.radio,
            default=item.default,
            enabled=item.active,
        )

    def _click(self, action: Action | None) -> Callable[[], None]:
        def clicked() -> None:
            if action is not None:
                self.handlers.chosen(action)

        return clicked


def _doubled(mark: str) -> Callable[[str], str]:
    """Return what writes a mark twice: alone it would underline the next letter."""
    return lambda text: text.replace(mark, mark * 2)


def load() -> Any:
    """Import pystray. Raises: Unusable."""
    try:
        import pystray
    except Exception as error:  # noqa: BLE001  # what its libraries raise is not told
        raise Unusable(f"{type(error).__name__}: {error}") from None
    return pystray

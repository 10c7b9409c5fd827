"""A menu on an X display, drawn by `menu_picture`: pointer and keyboard, one window."""

from collections.abc import Callable
from typing import Any

from Xlib import XK, X

from tray.menu_picture import MenuPicture
from tray.view import Action, Item

Box = tuple[int, int, int, int]
_POINTER = X.ButtonPressMask | X.ButtonReleaseMask | X.PointerMotionMask
_KEYS = {XK.XK_Escape: "close", XK.XK_Up: "up", XK.XK_Down: "down", XK.XK_Return: "choose"}
GAP = 2


class X11Menu:
    """Opens at once; `box` is the icon on the screen (x, y, width, height), which it lies beside.

    The items stay as they were when it opened: a line must not move away under the pointer.
    """

    def __init__(
        self,
        display: Any,
        items: tuple[Item, ...],
        box: Box,
        chosen: Callable[[Action], None],
        *,
        dark: bool,
        dpi: float = 96.0,
    ) -> None:
        self._display = display
        self._screen = display.screen()
        self._box = box
        self._chosen = chosen
        self._picture = MenuPicture(items, dark=dark, scale=max(1.0, dpi / 96.0))
        self._hover: Item | None = None
        self._grabbed = False
        self.is_open = True
        self._window = self._screen.root.create_window(
            *self._place(),
            0,
            self._screen.root_depth,
            X.InputOutput,
            event_mask=X.ExposureMask | X.StructureNotifyMask | X.KeyPressMask | _POINTER,
            override_redirect=True,
        )
        self._window.set_wm_name("routerd menu")
        self._window.map()
        display.flush()

    def _place(self) -> Box:
        """Return where the menu lies: beside the icon, whole on the screen."""
        width, height = self._picture.size
        x, y, icon_width, icon_height = self._box
        most_x = self._screen.width_in_pixels - width
        above = y + icon_height / 2 > self._screen.height_in_pixels / 2
        top = y - height - GAP if above else y + icon_height + GAP
        top = max(0, min(top, self._screen.height_in_pixels - height))
        return max(0, min(x + icon_width - width, most_x)), top, width, height

    def handle(self, event: Any) -> bool:
        """Take an event; False where it is not the menu's business."""
        if self._window != getattr(event, "window", None):
            return False
        if event.type in (X.Expose, X.MapNotify):
            self._grab()
            self._paint()
        elif event.type == X.MotionNotify:
            self._move_to(event)
        elif event.type == X.ButtonPress and not self._inside(event):
            self.close()
        elif event.type == X.ButtonRelease and self._inside(event):
            row = self._picture.at(event.event_y)
            self._choose(row.item if row else None)
        elif event.type == X.KeyPress:
            self._key(self._display.keycode_to_keysym(event.detail, 0))
        return True

    def _grab(self) -> None:
        """Get every click and key, so that a click elsewhere closes the menu."""
        if self._grabbed:
            return
        mode = X.GrabModeAsync
        got = self._window.grab_pointer(False, _POINTER, mode, mode, X.NONE, X.NONE, X.CurrentTime)
        self._window.grab_keyboard(False, mode, mode, X.CurrentTime)
        self._grabbed = bool(got == X.GrabSuccess)

    def _inside(self, event: Any) -> bool:
        width, height = self._picture.size
        return bool(0 <= event.event_x < width and 0 <= event.event_y < height)

    def _move_to(self, event: Any) -> None:
        row = self._picture.at(event.event_y) if self._inside(event) else None
        self._mark(row.item if row else None)

    def _mark(self, item: Item | None) -> None:
        if item is not self._hover:
            self._hover = item
            self._paint()

    def _choose(self, item: Item | None) -> None:
        if item is None or not item.active:
            return
        if item.children:
            self._picture.toggle(item)
            x, y, width, height = self._place()
            self._window.configure(x=x, y=y, width=width, height=height)
            self._paint()
            return
        self.close()
        if item.action is not None:
            self._chosen(item.action)

    def _key(self, symbol: int) -> None:
        what = _KEYS.get(symbol, "")
        if what == "close":
            self.close()
        elif what == "choose":
            self._choose(self._hover)
        elif what:
            self._step(1 if what == "down" else -1)

    def _step(self, by: int) -> None:
        items = [row.item for row in self._picture.rows() if row.item.active]
        if not items:
            return
        places = [n for n, item in enumerate(items) if item is self._hover]
        start = places[0] if places else (-1 if by > 0 else 0)
        self._mark(items[(start + by) % len(items)])

    def _paint(self) -> None:
        picture = self._picture.draw(self._hover)
        self._window.put_pil_image(self._window.create_gc(), 0, 0, picture)
        self._display.flush()

    def close(self) -> None:
        """Take the menu from the screen."""
        if not self.is_open:
            return
        self.is_open = False
        self._display.ungrab_pointer(X.CurrentTime)
        self._display.ungrab_keyboard(X.CurrentTime)
        self._window.destroy()
        self._display.flush()

"""The icon in an X11 tray by the XEmbed protocol: i3bar, polybar, tint2, trayer, stalonetray, …

pystray's own X11 icon gets no clicks (its window does not ask for them), has no menu and paints
itself on black, so this stands in for it, on the same python-xlib.
Source: freedesktop.org System Tray Protocol 0.3 and XEmbed 0.5.
"""

import os
import select
import threading
from typing import Any

from PIL import Image
from typing_extensions import override
from Xlib import X, Xatom, Xutil, display, error
from Xlib.protocol import event as protocol

from tray import icon
from tray.face import Face, Handlers
from tray.view import View
from tray.x11_menu import X11Menu

_MASK = X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
_GROUND = (40, 42, 46)
# A tray may show the window before it has its place; it is painted again for that long.
SETTLE_S = 0.4
SETTLES = 4
USUAL_DPI = 96.0


class NoDisplay(Exception):
    """There is no X display."""


class X11Icon(Face):
    """Implements `face.Face`. Everything of X is done on the thread of `run`."""

    name = "x11"

    def __init__(self, handlers: Handlers) -> None:
        """Connect. Raises: NoDisplay."""
        super().__init__(handlers)
        self._display = connect()
        self._screen = self._display.screen()
        self._atoms = {
            name: self._display.intern_atom(name)
            for name in ("_XEMBED_INFO", "_NET_SYSTEM_TRAY_OPCODE", "MANAGER", "_NET_WM_NAME")
        }
        self._selection = selection(self._display)
        # A window that a tray destroys under our hands is no fault.
        self._display.set_error_handler(lambda *_: None)
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._lock = threading.Lock()
        self._next: View | None = None
        self._view: View | None = None
        self._running = True
        self._manager: Any = None
        self._window: Any = None
        self._menu: X11Menu | None = None
        self._settling = 0

    @override
    def run(self) -> None:
        self._screen.root.change_attributes(event_mask=X.StructureNotifyMask)
        self._dock()
        try:
            while self._running:
                self._handle_all()
                wait_s = SETTLE_S if self._settling else None
                ready, _, _ = select.select([self._display, self._reader], [], [], wait_s)
                if self._reader in ready:
                    os.read(self._reader, 4096)
                    self._take_view()
                elif not ready:
                    self._settling -= 1
                    self._paint()
        except error.ConnectionClosedError:
            self.log.info("the X session has ended")
            return
        self._close()

    def _close(self) -> None:
        if self._menu is not None:
            self._menu.close()
        if self._window is not None:
            self._window.destroy()
        self._display.flush()
        self._display.close()

    @override
    def show(self, view: View) -> None:
        with self._lock:
            self._next = view
        self._wake()

    @override
    def stop(self) -> None:
        self._running = False
        self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._writer, b"w")
        except BlockingIOError:
            return  # it will wake anyway

    def _take_view(self) -> None:
        with self._lock:
            view, self._next = self._next, None
        if view is None:
            return
        before, self._view = self._view, view
        if before is None or before.title != view.title:
            self._name_window()
        if before is None or before.look != view.look:
            self._paint()

    def _dock(self) -> None:
        """Ask the tray, if there is one, to take the icon's window in."""
        owner = self._display.get_selection_owner(self._selection)
        if owner == X.NONE:
            return
        self._manager = owner
        owner.change_attributes(event_mask=X.StructureNotifyMask)
        if self._window is None:
            self._window = self._make_window()
        message = protocol.ClientMessage(
            window=owner,
            client_type=self._atoms["_NET_SYSTEM_TRAY_OPCODE"],
            data=(32, [X.CurrentTime, 0, self._window.id, 0, 0]),
        )
        owner.send_event(message, event_mask=X.NoEventMask)
        self._display.flush()
        self._settling = SETTLES

    def _make_window(self) -> Any:
        side = round(24 * max(1.0, resource_dpi(self._display) / USUAL_DPI))
        window = self._screen.root.create_window(
            -1, -1, side, side, 0, self._screen.root_depth, X.InputOutput, event_mask=_MASK
        )
        # What lies behind the icon shows through its corners.
        window.change_attributes(background_pixmap=X.ParentRelative)
        window.set_wm_class("routerd", "Routerd")
        window.set_wm_normal_hints(flags=Xutil.PMinSize, min_width=side, min_height=side)
        info = self._atoms["_XEMBED_INFO"]
        window.change_property(info, info, 32, [0, 1])
        self._name_window(window)
        return window

    def _name_window(self, window: Any = None) -> None:
        window = window or self._window
        if window is None or self._view is None:
            return
        title = self._view.title
        window.set_wm_name(title.encode("ascii", "replace").decode("ascii"))
        utf8 = self._display.intern_atom("UTF8_STRING")
        window.change_property(self._atoms["_NET_WM_NAME"], utf8, 8, title.encode())

    def _handle_all(self) -> None:
        while self._display.pending_events():
            self._handle(self._display.next_event())

    def _handle(self, event: Any) -> None:
        if self._menu is not None and self._menu.handle(event):
            if not self._menu.is_open:
                self._menu = None
                self.handlers.looked()
            return
        window = getattr(event, "window", None)
        if event.type == X.ClientMessage:
            # The tray says so to the root window when it takes its place.
            if event.client_type == self._atoms["MANAGER"]:
                self._dock()
        elif event.type == X.DestroyNotify:
            self._destroyed(window)
        elif window is not None and window == self._window:
            self._own_event(event)

    def _own_event(self, event: Any) -> None:
        if event.type == X.ButtonPress:
            self._open()
        elif event.type in (X.Expose, X.ConfigureNotify, X.MapNotify, X.ReparentNotify):
            if event.type == X.MapNotify:
                self.handlers.shown()
            self._paint()

    def _destroyed(self, window: Any) -> None:
        if window == self._window:
            self._window = None
        elif window == self._manager:
            self._manager = None
            if self._window is not None:
                self._window.unmap()

    def _open(self) -> None:
        if self._view is None or self._menu is not None:
            return
        place = self._window.translate_coords(self._screen.root, 0, 0)
        size = self._window.get_geometry()
        box = (-place.x, -place.y, size.width, size.height)
        self._menu = X11Menu(
            self._display,
            self._view.items,
            box,
            self.handlers.chosen,
            dark=self._on_dark(),
            dpi=resource_dpi(self._display),
        )

    def _paint(self) -> None:
        if self._window is None or self._view is None:
            return
        try:
            size = self._window.get_geometry()
            ground = self._ground(size.width, size.height)
            side = min(size.width, size.height)
            drawn = icon.draw(self._view.look, side)
            ground.paste(drawn, ((size.width - side) // 2, (size.height - side) // 2), drawn)
            self._window.put_pil_image(self._window.create_gc(), 0, 0, ground)
            self._display.flush()
        except (error.BadDrawable, error.BadWindow):
            self._window = None

    def _ground(self, width: int, height: int) -> Image.Image:
        """Return what shows through the window."""
        try:
            self._window.clear_area(0, 0, 0, 0)
            raw = self._window.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
        except error.BadMatch:
            # Not all of it is on the screen yet.
            return Image.new("RGB", (width, height), _GROUND)
        return Image.frombytes("RGB", (width, height), raw.data, "raw", "BGRX")

    def _on_dark(self) -> bool:
        """Whether the panel is dark; the menu follows it."""
        size = self._window.get_geometry()
        corner = self._ground(size.width, size.height).convert("L").getpixel((0, 0))
        self._paint()
        return corner in range(128)


def connect() -> Any:
    """Return an open display. Raises: NoDisplay."""
    if not os.environ.get("DISPLAY"):
        raise NoDisplay("DISPLAY is not set")
    try:
        return display.Display()
    except (error.DisplayError, OSError, ValueError) as fault:
        raise NoDisplay(str(fault) or "no X display") from None


def selection(opened: Any) -> int:
    """Return the atom whose owner is the tray of the default screen."""
    return int(opened.intern_atom(f"_NET_SYSTEM_TRAY_S{opened.get_default_screen()}"))


def tray_there() -> bool:
    """Whether a tray manager runs on the display. Raises: NoDisplay."""
    opened = connect()
    try:
        return bool(opened.get_selection_owner(selection(opened)) != X.NONE)
    finally:
        opened.close()


def resource_dpi(opened: Any) -> float:
    """Return the dots per inch the user has set for text, 96 where none is set."""
    held = opened.screen().root.get_full_property(Xatom.RESOURCE_MANAGER, Xatom.STRING)
    text = held.value.decode("latin-1", "replace") if held is not None else ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "Xft.dpi":
            try:
                return float(value)
            except ValueError:
                break
    return USUAL_DPI

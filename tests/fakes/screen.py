"""A real X server without a monitor, a real tray in it, and a hand on its mouse."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from PIL import Image
from Xlib import X, Xatom, display

DEADLINE_S = 20.0
WIDTH, HEIGHT, PANEL = 800, 600, 32
USUAL_DPI = 96


class Screen:
    """What is on the screen, and clicks on it; `panel` is the tray's process."""

    panel: subprocess.Popen[bytes]

    def __init__(self, name: str) -> None:
        self.name = name
        self._display = display.Display(name)
        self._root = self._display.screen().root

    def picture(self, box: tuple[int, int, int, int] = (0, 0, WIDTH, HEIGHT)) -> Image.Image:
        """Return what is within (x, y, width, height)."""
        raw = self._root.get_image(*box, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", box[2:], raw.data, "raw", "BGRX")

    def find(self, title: str, of_class: str = "") -> tuple[int, int, int, int] | None:
        """Return where a visible window lies, found by its title or by its class."""
        return self._find(self._root, title, of_class)

    def _find(self, window: Any, title: str, of_class: str) -> tuple[int, int, int, int] | None:
        for child in window.query_tree().children:
            named = bool(title) and child.get_wm_name() == title
            classed = bool(of_class) and of_class in (child.get_wm_class() or ())
            if (named or classed) and child.get_attributes().map_state == X.IsViewable:
                size = child.get_geometry()
                place = child.translate_coords(self._root, 0, 0)
                return -place.x, -place.y, size.width, size.height
            if (found := self._find(child, title, of_class)) is not None:
                return found
        return None

    def click(self, x: int, y: int) -> None:
        """Move the mouse there and press its first button."""
        self._xdotool("mousemove", "--sync", str(x), str(y), "click", "1")

    def key(self, name: str) -> None:
        """Press a key."""
        self._xdotool("key", name)

    def _xdotool(self, *arguments: str) -> None:
        command = ["xdotool", *arguments]
        environment = {**os.environ, "DISPLAY": self.name}
        subprocess.run(command, env=environment, check=True, timeout=DEADLINE_S)

    def keyboard_taken(self) -> bool:
        """Whether a window has taken the keyboard for itself, as an open menu does."""
        mode = X.GrabModeAsync
        got = self._root.grab_keyboard(False, mode, mode, X.CurrentTime)
        self._display.ungrab_keyboard(X.CurrentTime)
        self._display.sync()
        return bool(got == X.AlreadyGrabbed)

    def paint(self, colour: int) -> None:
        """Fill what lies behind everything with a colour (0xRRGGBB)."""
        self._root.change_attributes(background_pixel=colour)
        self._root.clear_area(0, 0, 0, 0)
        self._display.sync()

    def set_dpi(self, dpi: int) -> None:
        """Set the size of text, as desktops do in their settings."""
        resources = f"Xft.dpi:\t{dpi}\n".encode()
        self._root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, resources)
        self._display.sync()

    def close(self) -> None:
        """Close the connection."""
        self._display.close()


def until(true: Callable[[], Any], what: str) -> Any:
    """Wait until it is true and return it."""
    end_s = time.monotonic() + DEADLINE_S
    while not (found := true()):
        assert time.monotonic() < end_s, what
        time.sleep(0.03)  # other processes draw; there is no event to wait for
    return found


@contextmanager
def running(tint: str = "0x222222", scale: int = 1) -> Iterator[Screen]:
    """Run an X server with a tray in its upper right corner; `scale` as on finer screens."""
    read, write = os.pipe()
    size = f"{WIDTH * scale}x{HEIGHT * scale}x24"
    server = ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"]
    with _process(server, os.environ.copy(), pass_fds=(write,)):
        os.close(write)
        with os.fdopen(read, encoding="ascii") as told:
            name = f":{told.readline().strip()}"
        with closing(Screen(name)) as screen:
            screen.set_dpi(USUAL_DPI * scale)
            with tray_manager(screen, tint, scale) as panel:
                screen.panel = panel
                yield screen


@contextmanager
def tray_manager(
    screen: Screen, tint: str = "0x222222", scale: int = 1
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a tray on the screen; one that was ended before may be replaced by this."""
    panel = ["trayer", "--edge", "top", "--align", "right", "--widthtype", "pixel"]
    panel += ["--width", str(120 * scale), "--height", str(PANEL * scale)]
    panel += ["--padding", str(6 * scale), "--transparent", "true", "--alpha", "0"]
    command = [*panel, "--tint", tint]
    with _process(command, {**os.environ, "DISPLAY": screen.name}) as process:
        yield process


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], pass_fds: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()

"""Makes docs/screenshots/tray-*.png: every state of the icon with its menu open, and all icons.

The daemon, the tray and the X screen with its panel are real; the engine and the cloud are the
tests' fakes. `python packaging/screenshots/tray.py` from the checkout, with Xvfb, trayer and
xdotool installed.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the tests' fakes are part of the checkout, not of the package

from PIL import Image, ImageDraw  # noqa: E402
from typing_extensions import override  # noqa: E402

from routerd.client import DaemonClient, DaemonError, NotRunning  # noqa: E402
from routerd.core.status import from_json  # noqa: E402
from tests.fakes import openai_chunks, screen  # noqa: E402
from tests.fakes.daemon import Daemon, environment  # noqa: E402
from tests.fakes.http_server import Call, FakeServer, Wire  # noqa: E402
from tests.fakes.ollama_model import FakeModel  # noqa: E402
from tests.fakes.ollama_server import FakeOllama  # noqa: E402
from tray import icon, menu  # noqa: E402
from tray.looks import WORDS, look  # noqa: E402
from tray.menu import Own  # noqa: E402
from tray.menu_picture import MenuPicture, font  # noqa: E402
from tray.view import KINDS, Look  # noqa: E402

OUT = ROOT / "docs" / "screenshots"
SCALE = 2
DARK_PANEL, LIGHT_PANEL, WALLPAPER = "0x24262b", "0xe8e9ec", 0x5F6E86
QUIET = 'port = 0\ndiscover = false\nbaseline = "anthropic/claude-sonnet-4-6"\n[llamacpp]\nenabled = false\n'
ENGINE = '[[provider]]\nname = "ollama"\nkind = "ollama"\nbase_url = "{url}"\n'
CLOUD = (
    '[[provider]]\nname = "openai"\nkind = "openai_compatible"\nbase_url = "{url}/v1"\n'
    'zone = "cloud"\ncontext_tokens = 400000\n'
)
ASKED = (
    "why does this loop raise IndexError on an empty list? here is the traceback",
    "write unit tests for the date parser, including leap years",
    "rename the variable `tmp` to something that says what it holds",
)
REPLY = "The bound is inclusive: the loop reads one element past the end. " * 240


class Cloud(FakeServer):
    """One model that begins to answer and then thinks for as long as the client stays."""

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        if call.path.endswith("/models"):
            await wire.json(200, {"object": "list", "data": [{"id": "gpt-5.2", "object": "model"}]})
            return
        await wire.begin("text/event-stream")
        for data in openai_chunks.events(openai_chunks.Script(), call.data)[:3]:
            await wire.chunk(data)
        await wire.silence()


def ask(client: DaemonClient, text: str, model: str = "auto") -> None:
    """Ask and let the answer pass; a refusal is a picture too."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], "stream": True}
    try:
        for _ in client.events("/v1/chat/completions", body):
            continue
    except (DaemonError, NotRunning, ValueError):
        return


class Desk:
    """The screen, the daemon and the tray of one run."""

    def __init__(self, shown: screen.Screen, home: Path) -> None:
        self.shown = shown
        self.home = home
        self.client = DaemonClient(home)

    def take(self, name: str, wanted: Look, unfold: str = "") -> None:
        """Wait for the look, open the menu, and save what is seen of panel and menu.

        `unfold` is the label of a list to open.
        """
        self._until_look(wanted)
        place = screen.until(lambda: self.shown.find("", "routerd"), "no icon")
        time.sleep(0.5)  # the icon is drawn by another process
        self.shown.click(place[0] + place[2] // 2, place[1] + place[3] // 2)
        x, y, _, height = screen.until(lambda: self.shown.find("routerd menu"), "no menu")
        if unfold:
            self.shown.click(x + 40 * SCALE, y + self._row(unfold))
        time.sleep(0.4)
        height = (self.shown.find("routerd menu") or (0, 0, 0, height))[3]
        margin = 12 * SCALE
        right = screen.WIDTH * SCALE
        box = (x - margin, 0, right - x + margin, y + height + margin)
        picture = self.shown.picture(box)
        self.shown.key("Escape")
        screen.until(lambda: self.shown.find("routerd menu") is None, "the menu stayed open")
        save(picture, f"tray-{name}.png")

    def _row(self, label: str) -> int:
        """Return how far down the menu the line with that label is."""
        status = from_json(self.client.get("/control/status"))
        rows = MenuPicture(menu.items(status, Own(False)), scale=SCALE).rows()
        return next(row.top + row.height // 2 for row in rows if row.item.label == label)

    def _until_look(self, wanted: Look) -> None:
        if wanted.kind != "stopped":
            screen.until(lambda: self._same(wanted), f"the daemon is not {wanted}")
        time.sleep(0.7)  # the tray asks the daemon after its events, and draws

    def _same(self, wanted: Look) -> bool:
        status = from_json(self.client.get("/control/status"))
        return look(status) == wanted


def save(picture: Image.Image, name: str) -> None:
    """Save with few colours: such pictures have few, and they lie in the repository."""
    few = picture.quantize(96, dither=Image.Dither.NONE)
    few.save(OUT / name, optimize=True)
    print(f"{name}: {picture.width} x {picture.height}, {(OUT / name).stat().st_size} bytes")


@contextmanager
def desk(home: Path, panel: str) -> Iterator[Desk]:
    """Run a screen and a tray on it."""
    with ExitStack() as stack:
        shown = stack.enter_context(screen.running(panel, SCALE))
        shown.paint(WALLPAPER)
        tray = subprocess.Popen(
            [sys.executable, "-P", "-m", "tray"], env=environment(home, DISPLAY=shown.name)
        )
        stack.callback(tray.wait)
        stack.callback(tray.send_signal, signal.SIGTERM)
        yield Desk(shown, home)


def pictures(home: Path, engine: str, cloud: str) -> None:
    """Take every state in turn."""
    local = QUIET + ENGINE.format(url=engine)
    with desk(home, DARK_PANEL) as here:
        here.take("stopped", Look("stopped"))
        with Daemon(home, local) as daemon:
            for text in ASKED:
                ask(here.client, text)
            here.take("local", Look("local"))
            daemon.configure(local + CLOUD.format(url=cloud))
            here.client.post("/control/reload")
            here.take("cloud", Look("cloud"))
            _busy(here)
            here.client.post("/control/offline", {"offline": True})
            here.take("offline", Look("offline"))
            # A server of one's own choice is forgotten while it can't be looked at: look again.
            here.client.post("/control/offline", {"offline": False})
            here.client.post("/control/refresh")
            here.client.post("/control/offline", {"offline": True})
            ask(here.client, "a second opinion, please", "openai/gpt-5.2")
            here.take("refused", Look("offline", refused=True))
            (home / "policy.toml").write_text('[[rule]]\nid = "work"\nfloor = 9\n', "utf-8")
            here.client.post("/control/reload")
            here.take("degraded", Look("offline", degraded=True, refused=True))
            (home / "policy.toml").unlink()
            here.client.post("/control/reload")
            here.client.post("/control/offline", {"offline": False})
            here.client.post("/control/pause", {"for_s": 1800})
            here.take("paused", Look("paused", refused=True))
    with Daemon(home, local + CLOUD.format(url=cloud)), desk(home, LIGHT_PANEL) as here:
        here.take("light", Look("cloud"), "Profile: balanced")


def _busy(here: Desk) -> None:
    """Take the picture while a cloud answers, then hang up on it."""
    body = {
        "model": "openai/gpt-5.2",
        "messages": [{"role": "user", "content": "review the locking of this worker pool"}],
        "stream": True,
    }
    answer = here.client.request("POST", "/v1/chat/completions", body)
    try:
        here.take("busy", Look("busy"))
    finally:
        answer.close()
    screen.until(lambda: not here.client.get("/control/status")["running"], "it still runs")


def icons() -> None:
    """Draw every icon at every size, on dark, on light, and without colour."""
    marked = [Look("offline", degraded=True), Look("offline", refused=True)]
    shown = [(Look(kind), WORDS[kind]) for kind in KINDS]
    shown += list(zip(marked, ("needs attention", "something was kept here"), strict=True))
    column, sizes = 170, (16, 22, 32, 64)
    rows: list[tuple[tuple[int, int, int], bool]] = [
        ((36, 38, 43), False),
        ((232, 233, 236), False),
        ((232, 233, 236), True),
    ]
    band = 104
    sheet = Image.new("RGB", (column * len(shown), band * len(rows) + 34), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for number, (ground, grey) in enumerate(rows):
        top = band * number
        pen.rectangle((0, top, sheet.width, top + band - 1), fill=ground)
        for place, (seen, _) in enumerate(shown):
            left = place * column + 10
            for size in sizes:
                drawn = icon.draw(seen, size)
                flat = Image.new("RGB", drawn.size, ground)
                flat.paste(drawn, (0, 0), drawn)
                sheet.paste(flat.convert("L") if grey else flat, (left, top + band - 20 - size))
                left += size + 6
    for place, (_, words) in enumerate(shown):
        middle = place * column + column // 2
        pen.text((middle, band * len(rows) + 17), words, (28, 30, 33), font(13), anchor="mm")
    save(sheet, "tray-icons.png")


def main() -> None:
    """Make all pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    os.environ["TZ"] = "UTC"
    icons()
    model = FakeModel(reply=REPLY)
    small = FakeModel("qwen2.5-coder:1.5b", parameter_size="1.5B", size=986_000_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeOllama(model, small) as engine,
        Cloud() as cloud,
    ):
        pictures(Path(folder) / "home", engine.url, cloud.url)


if __name__ == "__main__":
    main()

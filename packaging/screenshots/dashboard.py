"""Screenshots of the dashboard: every view, both themes, wide and narrow, over a real daemon.

`python packaging/screenshots/dashboard.py [--out docs/screenshots] [--chromium /usr/bin/chromium]`;
needs the test extra. The engines are fakes that take their time; all decisions are real.
"""

import argparse
import io
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
# Times in the pictures are local; everywhere the same.
os.environ["TZ"] = "UTC"
time.tzset()

from PIL import Image  # noqa: E402  # after the path
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402  # after the path

from tests.fakes import scene  # noqa: E402  # after the path

VIEWS = ("decisions", "savings", "models", "performance", "policy", "egress", "sessions")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 400, "height": 860}
TALKS, TODAY = 110, 14


def main() -> None:
    """Fill a home with a month's work, then look at it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    asked.add_argument("--chromium", default="/usr/bin/chromium")
    asked.add_argument("--home", type=Path, help="a home that an earlier run has filled")
    asked.add_argument("--talks", type=int, default=TALKS)
    options = asked.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        if not (home / "state.db").exists():
            with scene.running(home) as daemon:
                scene.work(daemon, options.talks, at_once=5)
            scene.spread(home)
        with scene.running(home) as daemon, sync_playwright() as playwright:
            scene.work(daemon, TODAY, first=100_000)
            browser = playwright.chromium.launch(
                executable_path=options.chromium, args=["--no-sandbox"]
            )
            for theme in ("light", "dark"):
                _look(browser, daemon, theme, options.out)


def _look(browser: Browser, daemon: scene.Daemon, theme: str, out: Path) -> None:
    page = browser.new_page(viewport=WIDE, color_scheme=theme)
    page.goto(daemon.client.post("/control/dashboard-link")["url"])
    page.wait_for_selector(".row")
    for view in VIEWS:
        page.set_viewport_size(WIDE)
        page.goto(f"{daemon.url}/dashboard/{'' if view == 'decisions' else view}")
        _settled(page)
        if view == "egress" and theme == "dark":
            page.click("#offline")
            page.wait_for_selector(".mode-offline")
            page.wait_for_selector(".toast", state="detached")
        _shoot(page, out / f"dashboard-{view}-{theme}.png")
        page.set_viewport_size(NARROW)
        _settled(page)
        _shoot(page, out / f"dashboard-{view}-{theme}-narrow.png")
    daemon.client.post("/control/offline", {"offline": False})
    page.set_viewport_size(WIDE)
    _open_one(page, daemon)
    _shoot(page, out / f"dashboard-why-{theme}.png")
    page.set_viewport_size(NARROW)
    _shoot(page, out / f"dashboard-why-{theme}-narrow.png")
    page.close()


def _open_one(page: Page, daemon: scene.Daemon) -> None:
    """Open a decision in which there is much to see."""
    found = daemon.client.decisions(limit=100, task="debugging")["decisions"]
    best = max(found, key=lambda row: (row["attempts"], row["zone"] == "cloud", row["unix_s"]))
    page.goto(f"{daemon.url}/dashboard/?d={best['id']}")
    page.wait_for_selector(".why-page")
    _settled(page)


def _settled(page: Page) -> None:
    page.wait_for_selector("main[data-shown]:not([aria-busy])")
    page.evaluate("document.fonts.ready")
    page.wait_for_function("!document.querySelector('.new:not(:hover)')?.getAnimations().length")


def _shoot(page: Page, path: Path) -> None:
    # A palette takes a quarter of the bytes, and flat pictures lose nothing by it.
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    palette = picture.convert("RGB").quantize(
        255, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    palette.save(path, optimize=True)
    print(path)


if __name__ == "__main__":
    main()

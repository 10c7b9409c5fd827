"""What the dashboard costs: time from a decision to its row, the daemon's CPU and memory, page weight.

`python -m tests.bench.bench_dashboard`: a real daemon, a real Chromium, 300 decisions in the list.
"""

import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

from routerd.dashboard.assets import assets
from tests.fakes.daemon import QUIET, Daemon
from tests.fakes.openai_chunks import Script
from tests.fakes.openai_server import FakeOpenAI
from tests.whole_house.test_dashboard_browser import CHROMIUM, Page, ask, seed

DECISIONS, IDLE_S, PAST = 60, 30.0, 300
# Notes when a row came into the document, in the clock that this process reads as well.
_WATCH = """() => {
    window.arrived = {};
    new MutationObserver((changes) => {
        for (const change of changes) for (const node of change.addedNodes) {
            const row = node.querySelector?.(".row") ?? null;
            if (row && !(row.dataset.id in window.arrived)) window.arrived[row.dataset.id] = Date.now();
        }
    }).observe(document.getElementById("blocks"), {childList: true, subtree: true});
}"""


def delays_ms(daemon: Daemon, page: Page) -> list[float]:
    """Return how long after each decision its row was in the document, in milliseconds."""
    decided: dict[str, float] = {}

    def listen() -> None:
        for kind, facts in daemon.client.watch():
            if kind == "decision":
                decided[facts["id"]] = facts["unix_s"]

    threading.Thread(target=listen, daemon=True).start()
    page.tab.evaluate(_WATCH)
    ids = [ask(daemon, f"question {number}") for number in range(DECISIONS)]
    page.tab.wait_for_selector(f".row[data-id='{ids[-1]}']")
    arrived: dict[str, float] = page.tab.evaluate("window.arrived")
    return sorted(arrived[i] - 1e3 * decided[i] for i in ids if i in arrived and i in decided)


def cpu_share(process: psutil.Process) -> float:
    """Return the share of one core that a quiet while takes."""
    before = sum(process.cpu_times()[:2])
    time.sleep(IDLE_S)
    return float(sum(process.cpu_times()[:2]) - before) / IDLE_S


def measure(daemon: Daemon, browser: Any) -> None:
    """Print the readings."""
    assert daemon.process is not None
    process = psutil.Process(daemon.process.pid)
    closed, small = cpu_share(process), process.memory_info().rss / 1e6
    page = Page(browser, daemon)
    sizes: list[int] = []
    page.tab.on("requestfinished", lambda r: sizes.append(r.sizes()["responseBodySize"]))
    page.open()
    page.tab.wait_for_selector(".row")
    print(f"page weight: {sum(sizes) / 1e3:.0f} kB in {len(sizes)} requests")
    print(f"  of it files: {sum(len(a.body) for a in assets().values()) / 1e3:.0f} kB")
    print(f"daemon idle, closed: {closed:.2%} of a core, {small:.0f} MB")
    print(
        f"daemon idle, open:   {cpu_share(process):.2%}, {process.memory_info().rss / 1e6:.0f} MB"
    )
    found = delays_ms(daemon, page)
    p95 = found[int(0.95 * (len(found) - 1))]
    print(f"decision to row, {len(found)}: p50 {statistics.median(found):.0f} ms, p95 {p95:.0f} ms")


def main() -> None:
    """Start everything and measure."""
    with tempfile.TemporaryDirectory() as folder, FakeOpenAI({"plain": Script()}) as server:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        seed(home, PAST)
        engine = (
            f'[[provider]]\nname = "engine"\nkind = "openai_compatible"\n'
            f'base_url = "{server.url}/v1"\nmodels = ["plain"]\n'
        )
        with Daemon(home, QUIET + engine) as daemon, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            measure(daemon, browser)
            browser.close()


if __name__ == "__main__":
    main()

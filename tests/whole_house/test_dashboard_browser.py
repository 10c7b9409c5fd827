"""The dashboard in a real Chromium over a real daemon: accessible, inert to strangers, live."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from routerd.storage.opening import open_state
from routerd.storage.rows import Answered, record
from tests.fakes import past_tasks
from tests.fakes.daemon import QUIET, Daemon
from tests.fakes.openai_chunks import Script
from tests.fakes.openai_server import FakeOpenAI

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")

AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
VIEWS = ("decisions", "savings", "models", "performance", "policy", "egress", "sessions")
# What a stranger may name, and what would show that it was taken for HTML.
EVIL = "<img src=x onerror='window.owned=1'><script>window.owned=2</script>"
POLICY = f"[[rule]]\nid = {json.dumps(EVIL)}\nwhen.client = '*'\nfloor = 0.5\n"
FEW, MANY = 300, 10_000
PATIENCE_MS = 20_000


def seed(home: Path, count: int) -> None:
    """Write past decisions, as a daemon does."""
    connection, _ = open_state(home / "state.db")
    now_s = time.time()
    with connection:
        for number in range(count):
            identity = f"past{number}"
            facts = {**past_tasks.FACTS, "client": f"client{number % 7}"}
            outcome = replace(past_tasks.outcome(identity), baseline_cost_usd=0.02)
            at_s = now_s - 40.0 * (count - number)
            answered = Answered(past_tasks.decision(identity), outcome, facts, at_s)
            record(connection, answered, embedder="", max_memories=1)
    connection.close()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with past decisions, a model with an evil name, and a rule with one."""
    home = tmp_path_factory.mktemp("home")
    seed(home, FEW)
    (home / "policy.toml").write_text(POLICY, encoding="utf-8")
    with FakeOpenAI({EVIL: Script(text="hello"), "plain": Script(text="hello")}) as server:
        engine = (
            f'[[provider]]\nname = "engine"\nkind = "openai_compatible"\n'
            f'base_url = "{server.url}/v1"\nmodels = ["plain"]\n'
        )
        with Daemon(home, QUIET + engine) as running:
            ask(running, "a first question", model=f"engine/{EVIL}", client=EVIL)
            ask(running, "explain this", model="engine/plain")
            running.client.post("/control/feedback", {"value": "good"})
            yield running


def ask(daemon: Daemon, text: str, model: str = "engine/plain", client: str = "a test") -> str:
    """Ask, and return the decision's id."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    headers = {"x-routerd-client": client, "x-routerd-session": text}
    with daemon.http() as http:
        answer: httpx2.Response = http.post("/v1/chat/completions", json=body, headers=headers)
    return str(answer.headers["x-routerd-decision"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as opened:
        browser = opened.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Page:
    """One tab with a session, and everything it complained of."""

    def __init__(self, browser: Any, daemon: Daemon, **options: Any) -> None:
        self.daemon = daemon
        self.context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.tab.on("console", self._heard)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, to: str = "/dashboard/") -> "Page":
        self.tab.goto(self.daemon.client.dashboard_link(to)["url"])
        self.tab.wait_for_url(f"**{to}")
        return self.shown()

    def go(self, view: str) -> "Page":
        self.tab.click(f".rail a[data-view='{view}']")
        self.tab.wait_for_selector(f"main[data-shown^='{view}?']:not([aria-busy])")
        return self.shown()

    def shown(self) -> "Page":
        self.tab.wait_for_selector("main[data-shown]:not([aria-busy])")
        # Rows come after the page that holds them.
        self.until(
            "document.getElementById('end')?.textContent !== 'Loading…' || "
            "document.querySelector('.row')"
        )
        return self

    def until(self, script: str) -> None:
        # As a function: a string would be evaluated inside the page, which its policy forbids.
        self.tab.wait_for_function(f"() => {script}")

    def rows(self) -> int:
        return int(self.tab.locator(".row").count())


@pytest.fixture
def page(chromium: Any, daemon: Daemon) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a tab; no tab may have complained in the end."""
    opened: list[Page] = []

    def make(**options: Any) -> Page:
        opened.append(Page(chromium, daemon, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()
        assert one.complaints == []


def test_a_link_opens_it_once_and_leaves_no_trace(page: Callable[..., Page]) -> None:
    first = page()
    url = first.daemon.client.dashboard_link()["url"]
    first.tab.goto(url)
    first.tab.wait_for_selector(".row")
    assert first.tab.url == f"{first.daemon.url}/dashboard/"
    assert first.tab.evaluate("document.cookie") == "", "no script can read it"
    first.tab.go_back()
    assert "#" not in first.tab.url
    second = page()
    second.tab.goto(url)
    second.tab.wait_for_selector("text=used before")
    second.complaints.clear()  # the browser notes the 401
    second.tab.goto(f"{second.daemon.url}/dashboard/savings")
    assert second.tab.locator("code").inner_text() == "routerd dashboard"
    second.complaints.clear()


def test_the_file_that_the_command_hands_to_the_browser_leads_to_it(
    page: Callable[..., Page],
) -> None:
    opened = page()
    opened.tab.goto(opened.daemon.client.dashboard_address("/dashboard/models"))
    opened.tab.wait_for_url("**/dashboard/models")
    opened.shown()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_view_is_accessible(page: Callable[..., Page], theme: str) -> None:
    opened = page(color_scheme=theme).open()
    axe = AXE.read_text("utf-8")
    found: list[str] = []

    def check(where: str) -> None:
        opened.tab.evaluate(f"{axe}; null")
        result = opened.tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found.extend(
            f"{where}: {fault['id']}: {fault['nodes'][0]['html'][:160]} {fault['nodes'][0]['failureSummary'][:200]}"
            for fault in result["violations"]
            if fault["impact"] in ("serious", "critical")
        )

    for view in VIEWS[1:]:
        opened.go(view)
        check(view)
    # Two rows are as good as a hundred, and a hundred take axe half a minute.
    opened.open("/dashboard/?q=engine%2Fplain+explanation")
    check("decisions")
    opened.tab.click(".row >> nth=0")
    opened.tab.wait_for_selector(".why-page")
    check("why")
    opened.tab.set_viewport_size({"width": 400, "height": 800})
    check("why, narrow")
    opened.tab.keyboard.press("Escape")
    opened.until("document.getElementById('panel').hidden")
    check("decisions, narrow")
    assert not found, "\n".join(found)


def test_what_strangers_name_is_text(page: Callable[..., Page]) -> None:
    opened = page().open()
    for view in VIEWS:
        opened.go(view)
        assert opened.tab.locator("main img").count() == 0
    opened.go("decisions")
    evil = opened.tab.locator(".row", has_text="onerror").first
    evil.click()
    opened.tab.wait_for_selector(".why-page")
    assert "<script>" in opened.tab.locator(".why-page").inner_text()
    assert opened.tab.evaluate("window.owned") is None


def test_a_decision_appears_as_it_happens(page: Callable[..., Page], daemon: Daemon) -> None:
    opened = page().open()
    opened.tab.wait_for_selector("#dot:not(.dot-off)")
    identity = ask(daemon, "a question asked while somebody looks")
    row = opened.tab.wait_for_selector(f".row[data-id='{identity}'][data-finish='stop']")
    assert row.evaluate("row => row.closest('.block').previousElementSibling") is None, "on top"
    with daemon.http() as http:
        http.post("/control/offline", json={"offline": True})
        opened.tab.wait_for_selector("#offline[aria-checked='true']")
        opened.tab.click("#offline")
        opened.tab.wait_for_selector("#offline[aria-checked='false']")
        assert http.get("/control/offline").json()["offline"] is False


def test_search_and_filters_narrow_the_list_and_live_rows_keep_to_them(
    page: Callable[..., Page], daemon: Daemon
) -> None:
    opened = page().open("/dashboard/?q=client3")
    assert {"client3"} == set(opened.tab.locator(".row .client").all_inner_texts())
    other = ask(daemon, "another question", client="somebody")
    same = ask(daemon, "a question of client3's", client="client3")
    opened.tab.wait_for_selector(f".row[data-id='{same}'][data-finish='stop']")
    assert opened.tab.locator(f".row[data-id='{other}']").count() == 0
    opened.tab.select_option("select[name=task]", "debugging")
    opened.until(
        "document.querySelectorAll('.row').length && [...document.querySelectorAll('.row')]"
        ".every((row) => row.dataset.task === 'debugging')"
    )
    assert "task=debugging" in opened.tab.url
    opened.tab.fill("#search", "no such thing anywhere")
    opened.tab.wait_for_selector("text=No decision fits.")


def test_the_keyboard_is_enough(page: Callable[..., Page]) -> None:
    opened = page().open()
    press = opened.tab.keyboard.press
    opened.tab.wait_for_selector(".row >> nth=1")
    for place in (0, 1):
        press("j")
        opened.until(f"document.activeElement === document.querySelectorAll('.row')[{place}]")
    second = opened.tab.evaluate("document.activeElement.dataset.id")
    press("Enter")
    opened.tab.wait_for_selector(f".why-page[data-id='{second}']")
    assert opened.tab.url.endswith(f"?d={second}")
    press("k")
    first = opened.tab.locator(".row >> nth=0").get_attribute("data-id")
    opened.tab.wait_for_selector(f".why-page[data-id='{first}']")
    press("Escape")
    opened.until("document.getElementById('panel').hidden")
    press("/")
    assert opened.tab.evaluate("document.activeElement.id") == "search"
    press("Escape")
    press("?")
    opened.until("document.getElementById('keys').open")
    press("Escape")
    opened.until("!document.getElementById('keys').open")
    press("2")
    opened.tab.wait_for_selector("main[data-view='savings']")
    press("t")
    press("t")
    assert opened.tab.evaluate("document.documentElement.dataset.theme") == "dark"


def test_nothing_is_wider_than_a_narrow_window(page: Callable[..., Page]) -> None:
    opened = page().open()
    opened.tab.set_viewport_size({"width": 400, "height": 800})
    for view in VIEWS:
        opened.go(view)
        assert opened.tab.evaluate("document.documentElement.scrollWidth") <= 400, view


def test_a_session_that_ended_says_so(page: Callable[..., Page]) -> None:
    opened = page().open()
    opened.context.clear_cookies()
    opened.tab.click(".rail a[data-view='policy']")
    opened.tab.wait_for_selector("text=routerd dashboard")
    opened.complaints.clear()  # the browser notes the 401


def scroll_to_the_end(opened: Page, count: int) -> None:
    """Scroll until that many rows were seen."""
    opened.tab.evaluate(
        """async (count) => {
            const seen = new Set();
            for (let frame = 0; seen.size < count && frame < 3000; frame++) {
                for (const row of document.querySelectorAll(".row")) seen.add(row.dataset.id);
                scrollTo(0, document.body.scrollHeight);
                await new Promise((done) => requestAnimationFrame(done));
            }
        }""",
        count,
    )


def test_rows_far_away_are_taken_out_and_come_back(page: Callable[..., Page]) -> None:
    opened = page().open()
    scroll_to_the_end(opened, FEW)
    opened.tab.wait_for_selector("text=That is all.")
    opened.until("[...document.querySelectorAll('.block')].some((block) => !block.children.length)")
    opened.tab.evaluate("scrollTo(0, 0)")
    opened.until("document.querySelector('.block').children.length > 0")


@pytest.mark.slow
def test_ten_thousand_decisions_stay_few_in_the_document(chromium: Any, tmp_path: Path) -> None:
    seed(tmp_path / "home", MANY)
    with Daemon(tmp_path / "home") as daemon:
        opened = Page(chromium, daemon).open()
        scroll_to_the_end(opened, MANY)
        opened.tab.wait_for_selector("text=That is all.")
        assert opened.rows() < 1200
        opened.context.close()
        assert opened.complaints == []


def test_several_tabs_cost_the_daemon_one_place_each(
    page: Callable[..., Page], daemon: Daemon
) -> None:
    tabs = [page().open() for _ in range(3)]
    identity = ask(daemon, "a question for three")
    for tab in tabs:
        tab.tab.wait_for_selector(f".row[data-id='{identity}']")

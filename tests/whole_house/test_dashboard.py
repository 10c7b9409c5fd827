"""The dashboard's door on a real daemon: links, sessions, and who is turned away."""

import json
import re
import stat
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.fakes.daemon import Daemon, routerd

API = "/dashboard/api/view/savings"


def code_of(link: Any) -> str:
    return urlsplit(link["url"]).fragment


class Browser:
    """A client that behaves as a browser does: its own Origin on POST, cookies by path."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.cookie = self.key = ""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        sent = {"sec-fetch-site": "same-origin"}
        if method == "POST":
            sent |= {"origin": self.daemon.url, "content-type": "application/json"}
        if self.cookie and path.startswith("/dashboard"):
            sent["cookie"] = self.cookie
        if self.key and path.startswith("/dashboard/api"):
            sent["x-routerd-key"] = self.key
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in sent.items() if value}
        content = None if body is None else json.dumps(body).encode()
        with httpx2.Client(trust_env=False, timeout=20) as http:
            return http.request(method, f"{self.daemon.url}{path}", headers=kept, content=content)

    def open(self, code: str) -> httpx2.Response:
        answer = self.send("POST", "/dashboard/session", {"code": code})
        if answer.status_code == 200:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
            self.key = answer.json()["key"]
        return answer


@pytest.fixture
def browser(daemon: Daemon) -> Browser:
    opened = Browser(daemon)
    assert opened.open(code_of(daemon.client.dashboard_link())).status_code == 200
    return opened


def test_a_visit_without_a_session_says_how_to_open_it_and_shows_nothing(daemon: Daemon) -> None:
    visitor = Browser(daemon)
    assert visitor.send("GET", "/").headers["location"] == "/dashboard/"
    page = visitor.send("GET", "/dashboard/")
    assert page.status_code == 401
    assert "routerd dashboard" in page.text
    assert "<nav" not in page.text
    assert visitor.send("GET", API).status_code == 401


def test_a_link_works_once_and_a_second_use_ends_the_first(daemon: Daemon) -> None:
    code = code_of(daemon.client.dashboard_link("/dashboard/?d=abc"))
    first, second = Browser(daemon), Browser(daemon)
    assert first.open(code).json()["to"] == "/dashboard/?d=abc"
    assert first.send("GET", API).status_code == 200
    assert second.open(code).status_code == 401
    assert first.send("GET", API).status_code == 401
    assert first.open("x" * 43).status_code == 401


def test_no_code_is_ever_in_an_address_that_is_sent(daemon: Daemon) -> None:
    link = daemon.client.dashboard_link()
    parts = urlsplit(link["url"])
    assert (parts.path, parts.query) == ("/dashboard/open", "")
    opening = Browser(daemon).send("GET", "/dashboard/open", sec_fetch_site="cross-site")
    assert opening.status_code == 200, "a link in a file leads here from another site"
    Browser(daemon).open(code_of(link))
    assert code_of(link) not in daemon.log()


def test_the_cookie_is_hidden_strict_and_of_this_path_and_port(daemon: Daemon) -> None:
    answer = Browser(daemon).open(code_of(daemon.client.dashboard_link()))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"routerd_dashboard_{daemon.port}=")
    for word in ("HttpOnly", "Path=/dashboard", "SameSite=strict"):
        assert word in cookie
    assert "Domain" not in cookie


def test_cookie_and_key_open_nothing_but_the_dashboard(browser: Browser) -> None:
    for path in ("/v1/models", "/control/status", "/control/stats", "/api/tags"):
        answer = browser.send("GET", path, cookie=browser.cookie, x_routerd_key=browser.key)
        assert answer.status_code == 401


def test_a_cookie_that_another_port_was_sent_is_worth_nothing(browser: Browser) -> None:
    shell = browser.send("GET", "/dashboard/savings")
    assert shell.status_code == 200
    assert browser.key not in shell.text
    assert not re.search(r"\d{2}:\d{2}:\d{2}|€|\$\d", shell.text), "the page itself is empty"
    assert browser.send("GET", API, x_routerd_key="").status_code == 401
    assert browser.send("GET", API, x_routerd_key="wrong").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://127.0.0.1:3000", "sec_fetch_site": "same-site"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 401),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"x_routerd_key": ""}, 401),
        ({"cookie": ""}, 401),
        ({"content_type": "text/plain"}, 415),
    ],
)
def test_what_changes_something_comes_from_this_page_alone(
    browser: Browser, headers: dict[str, str], status: int
) -> None:
    for path in ("offline", "feedback", "reload", "close"):
        body = {"offline": True, "decision": "last", "value": "bad"}
        answer = browser.send("POST", f"/dashboard/api/{path}", body, **headers)
        assert answer.status_code == status
    assert browser.daemon.client.get("/control/offline")["offline"] is False
    assert browser.send("GET", API).status_code == 200


def test_the_switch_feedback_and_reload_do_what_they_say(browser: Browser) -> None:
    daemon = browser.daemon
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
    daemon.client.post("/v1/chat/completions", body)
    try:
        told = browser.send("POST", "/dashboard/api/offline", {"offline": True}).json()
        assert told["offline"] is True
        assert daemon.client.get("/control/status")["offline"] is True
    finally:
        daemon.client.post("/control/offline", {"offline": False})
    word = browser.send("POST", "/dashboard/api/feedback", {"decision": "last", "value": "good"})
    assert word.json()["value"] == 1.0
    assert browser.send("POST", "/dashboard/api/reload", {}).json() == {"ok": True, "error": ""}
    for path, bad in (("offline", {"offline": "yes"}), ("feedback", {"decision": 1})):
        assert browser.send("POST", f"/dashboard/api/{path}", bad).status_code == 400
    assert browser.send("POST", "/dashboard/api/close", {}).status_code == 200
    assert browser.send("GET", API).status_code == 401


def test_every_answer_carries_the_policy_that_keeps_strangers_content_out(browser: Browser) -> None:
    assert browser.send("GET", "/dashboard/", sec_fetch_site="cross-site").status_code == 200
    paths = ("/dashboard/", "/dashboard/open", "/dashboard/static/app.js", API, "/")
    for path in paths:
        headers = browser.send("GET", path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_files_are_asked_for_again_and_not_sent_again(browser: Browser) -> None:
    path = "/dashboard/static/app.css"
    first = browser.send("GET", path)
    again = browser.send("GET", path, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    for name in ("..%2f__init__.py", "app.html", "%2e%2e/pages.py"):
        assert browser.send("GET", f"/dashboard/static/{name}").status_code in (401, 404)


def test_pages_and_decisions_that_are_not_there_are_a_404(browser: Browser) -> None:
    for path in ("/dashboard/nothing", "/dashboard/api/view/nothing", "/dashboard/api/decision/x"):
        assert browser.send("GET", path).status_code == 404


def test_the_command_prints_a_link_or_hands_a_private_file_to_the_browser(daemon: Daemon) -> None:
    printed = routerd(daemon.home, "dashboard", "--print", "--to", "/dashboard/policy")
    assert (
        Browser(daemon)
        .open(printed.stdout.strip().partition("#")[2])
        .json()["to"]
        .endswith("policy")
    )
    link = json.loads(routerd(daemon.home, "dashboard", "--json").stdout)
    assert Browser(daemon).open(code_of(link)).status_code == 200
    addresses = [daemon.client.dashboard_address() for _ in range(2)]
    (page,) = (daemon.home / "run").glob("dashboard-*.html")
    assert page.as_uri() == addresses[1]
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    found = re.search(r"#([\w-]+)", page.read_text("utf-8"))
    assert found is not None
    assert Browser(daemon).open(found[1]).status_code == 200

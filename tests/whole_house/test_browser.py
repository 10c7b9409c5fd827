"""Pages in a real browser against the guard: none of them reaches a handler.

One Chromium opens the same page from another port of this machine, and from another site whose
name leads to loopback; each tries every way there is (`tests/fakes/pages/attacks.html`) against
routerd's doors and, as the control, against a server without a guard. Further ones go to both under
the other site's name, as after DNS rebinding.
"""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx2
import pytest
from typing_extensions import override

from tests.fakes.http_server import Call, FakeServer, Wire
from tests.fakes.scripted_house import TOKEN, ServedHouse

PAGES = Path(__file__).parents[1] / "fakes" / "pages"
BROWSER = shutil.which("chromium")
DEADLINE_S = 120.0
EVIL = "evil.test"
HOSTS = ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", EVIL]  # noqa: S104  # attacked, not bound
# Nobody listens at [::1]; there it is only seen that nothing does.
ANSWERING = [host for host in HOSTS if host != "[::1]"]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1",
)
# Browsers have service workers only for pages that came by TLS or from loopback.
ONLY_FROM_LOOPBACK = {"service-worker"}
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium here; .ci/run installs the package `chromium`"
)


class Attacker(FakeServer):
    """Serves the pages; `done` holds those that have tried everything."""

    def __init__(self, control: "Unguarded") -> None:
        super().__init__()
        self._control = control
        # Of the dashboard's session, as the browser of somebody who is signed in holds it.
        self.cookie = ""
        self.done: set[str] = set()
        self.told = threading.Event()

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        parts = urlsplit(call.path)
        if parts.path == "/done":
            self.done.add(parse_qs(parts.query)["page"][0])
            self.told.set()
            await wire.whole(200, "text/plain", b"ok")
        elif parts.path == "/seen":
            asked = parse_qs(parts.query)
            where = (asked["page"][0], asked["host"][0])
            await wire.json(200, [r[2] for r in self._control.rows() if r[:2] == where])
        elif parts.path == "/worker.js":
            await wire.whole(200, "text/javascript", (PAGES / "worker.js").read_bytes())
        else:
            page = (PAGES / "attacks.html").read_bytes()
            await wire.whole(200, "text/html", page, set_cookie=f"{self.cookie}; Path=/")


class Unguarded(FakeServer):
    """Answers whatever comes, as a server does that trusts loopback; `calls` are what reached it."""

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        allow = {"access_control_allow_origin": "*", "access_control_allow_headers": "*"}
        await wire.json(200, {"data": []}, **allow)

    def rows(self) -> set[tuple[str, str, str]]:
        """Return the (page, host, attack) of what has reached it."""
        return {row for call in list(self.calls) if (row := _row(call.path))}


def signed_in(served: ServedHouse) -> str:
    """Return the cookie of a session of the dashboard, as `name=value`."""
    own = f"http://127.0.0.1:{served.port}"
    with httpx2.Client(base_url=own, trust_env=False, timeout=10) as http:
        token = {"authorization": f"Bearer {TOKEN}"}
        link = http.post("/control/dashboard-link", json={}, headers=token).json()["url"]
        code = {"code": urlsplit(link).fragment}
        opened = http.post("/dashboard/session", json=code, headers={"origin": own})
    return str(opened.headers["set-cookie"]).partition(";")[0]


@contextmanager
def browsing(folder: Path, address: str) -> Iterator[None]:
    """Open a page in a browser with a profile of its own."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder}", address]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def shown(folder: Path, address: str) -> str:
    """Return what a browser shows of an address that somebody opens."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder}", "--dump-dom", address]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(
        [part for part in command if not part.startswith("--remote-debugging")],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=True,
    )
    return done.stdout


@dataclass(frozen=True)
class Tried:
    """What reached a handler of routerd, and what the control, by row (page, host, attack)."""

    guarded: list[str]
    reached: set[tuple[str, str, str]]


def _row(target: str) -> tuple[str, str, str] | None:
    row = parse_qs(urlsplit(target).query).get("row")
    if row is None:
        return None
    page, _, host, attack = unquote(row[0]).split("~")
    return page, host, attack


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    """Both pages have tried everything."""
    with (
        Unguarded() as unguarded,
        Attacker(unguarded) as attacker,
        ServedHouse(tmp_path_factory.mktemp("house")) as served,
    ):
        attacker.cookie = signed_in(served)
        served.reached.clear()
        address = ""
        # The last one goes first in the list: each page opens the one after it at its end.
        for page, host in (("cross-site", EVIL), ("same-site", "127.0.0.1")):
            settings = {
                "page": page,
                "hosts": HOSTS,
                "ports": {"guarded": served.port, "unguarded": unguarded.port},
                "answering": ANSWERING,
                "polls": 300,
                "next": address,
            }
            address = f"http://{host}:{attacker.port}/#{quote(json.dumps(settings))}"
        with browsing(tmp_path_factory.mktemp("profile"), address):
            deadline_s = time.monotonic() + DEADLINE_S
            while len(attacker.done) < 2 and time.monotonic() < deadline_s:
                attacker.told.wait(1.0)
                attacker.told.clear()
        assert attacker.done == {"same-site", "cross-site"}
        sent = {c.headers.get("cookie", "") for c in unguarded.calls if "signed-in" in c.path}
        assert attacker.cookie in sent, "the session's cookie goes to every port"
        yield Tried(list(served.reached), unguarded.rows())


def test_no_page_of_another_origin_reaches_a_handler(tried: Tried) -> None:
    assert tried.guarded == []


@pytest.mark.parametrize("page", ["same-site", "cross-site"])
def test_the_same_pages_reach_a_server_without_a_guard(tried: Tried, page: str) -> None:
    known = {attack for _, _, attack in tried.reached}
    missing = [
        (host, attack)
        for attack in known - ONLY_FROM_LOOPBACK
        for host in ANSWERING
        if (page, host, attack) not in tried.reached
    ]
    assert missing == []
    text = (PAGES / "attacks.html").read_text("utf-8")
    named = {line.split('"')[1] for line in text.splitlines() if line.startswith('  "')}
    assert named <= known
    assert len(named) == 31
    assert ("same-site", "127.0.0.1", "service-worker") in tried.reached


def test_a_name_that_was_rebound_to_loopback_shows_nothing(tmp_path: Path) -> None:
    with Unguarded() as unguarded, ServedHouse(tmp_path) as served:
        guarded = shown(tmp_path / "a", f"http://{EVIL}:{served.port}/v1/models")
        control = shown(tmp_path / "b", f"http://{EVIL}:{unguarded.port}/v1/models")
        assert served.reached == []
    assert "This Host is not routerd" in guarded
    assert '"data"' in control

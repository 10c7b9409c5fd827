"""Every route with every method it takes, frozen; and the guard in front of each of them.

A route that is not in the list fails the first test: whoever adds one says so here, and it is
guarded by the tests below from then on.
"""

from collections.abc import Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from routerd.endpoints import http_server
from routerd.endpoints.guard import Guard
from tests.fakes.scripted_house import TOKEN, ScriptedEngine, ScriptedHouse, ServedHouse

# HEAD comes with every GET. /mcp takes all methods and its own server chooses.
INVENTORY = {
    ("/", "GET"),
    ("/", "HEAD"),
    ("/api/chat", "POST"),
    ("/api/embed", "POST"),
    ("/api/embeddings", "POST"),
    ("/api/generate", "POST"),
    ("/api/ps", "GET"),
    ("/api/show", "POST"),
    ("/api/tags", "GET"),
    ("/api/version", "GET"),
    ("/control/classify", "POST"),
    ("/control/dashboard-link", "POST"),
    ("/control/decisions", "GET"),
    ("/control/decisions/{identity}", "GET"),
    ("/control/events", "GET"),
    ("/control/feedback", "POST"),
    ("/control/forget", "POST"),
    ("/control/offline", "GET"),
    ("/control/offline", "POST"),
    ("/control/policy", "GET"),
    ("/control/policy/approve", "POST"),
    ("/control/policy/show", "POST"),
    ("/control/refresh", "POST"),
    ("/control/reload", "POST"),
    ("/control/route", "POST"),
    ("/control/shutdown", "POST"),
    ("/control/stats", "GET"),
    ("/control/status", "GET"),
    ("/dashboard/", "GET"),
    ("/dashboard/api/close", "POST"),
    ("/dashboard/api/decision/{identity}", "GET"),
    ("/dashboard/api/events", "GET"),
    ("/dashboard/api/feedback", "POST"),
    ("/dashboard/api/offline", "POST"),
    ("/dashboard/api/reload", "POST"),
    ("/dashboard/api/rows", "GET"),
    ("/dashboard/api/state", "GET"),
    ("/dashboard/api/strip", "GET"),
    ("/dashboard/api/view/{view}", "GET"),
    ("/dashboard/open", "GET"),
    ("/dashboard/session", "POST"),
    ("/dashboard/static/{name}", "GET"),
    ("/dashboard/{view}", "GET"),
    ("/health", "GET"),
    ("/mcp", "*"),
    ("/v1/chat/completions", "POST"),
    ("/v1/completions", "POST"),
    ("/v1/embeddings", "POST"),
    ("/v1/messages", "POST"),
    ("/v1/messages/count_tokens", "POST"),
    ("/v1/models", "GET"),
    ("/v1/models/{name:path}", "GET"),
    ("/v1/responses", "POST"),
}
# The dashboard's pages and files are the same for everybody, and hold nothing of anybody's.
PUBLIC = ("/dashboard/", "/dashboard/open", "/dashboard/static/{name}", "/dashboard/{view}")
OPEN = {
    (path, method) for path in ("/", "/dashboard/session", *PUBLIC) for method in ("GET", "HEAD")
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PATHS = sorted({path for path, _ in INVENTORY} | {"/nothing", "/docs", "/v1", "/control/"})


async def _no_mcp(*_: object) -> None:
    raise AssertionError("nobody asks it here")


def _found() -> Iterator[tuple[str, str]]:
    guarded = http_server.build(
        ScriptedHouse(ScriptedEngine()), _no_mcp, port=1, tokens=[], max_body_bytes=1
    )
    assert isinstance(guarded, Guard)
    app = guarded._app
    assert isinstance(app, Starlette)
    for route in app.routes:
        assert isinstance(route, Route)
        for method in sorted(route.methods or {"*"}):
            if method != "HEAD" or "GET" not in (route.methods or ()):
                yield route.path, method


def test_the_routes_are_those_of_the_list() -> None:
    assert set(_found()) == INVENTORY


@pytest.fixture(scope="module")
def http(served: ServedHouse) -> Iterator[httpx2.Client]:
    # A redirect is an answer, and not followed.
    with httpx2.Client(base_url=served.url, trust_env=False, timeout=10) as opened:
        yield opened


def _ask(http: httpx2.Client, method: str, path: str, **headers: str) -> int:
    sent = {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    filled = path.replace("{identity}", "last").replace("{name:path}", "auto")
    filled = filled.replace("{view}", "savings").replace("{name}", "app.js")
    return http.request(method, filled, headers=sent).status_code


@pytest.mark.parametrize("path", PATHS)
def test_no_method_of_any_path_passes_with_a_foreign_host_or_origin(
    http: httpx2.Client, served: ServedHouse, path: str
) -> None:
    for method in METHODS:
        assert _ask(http, method, path, host=f"localhost.evil.test:{served.port}") == 421
        assert _ask(http, method, path, origin="http://localhost:3000") == 403


@pytest.mark.parametrize("path", PATHS)
def test_no_method_of_any_path_passes_without_the_token(http: httpx2.Client, path: str) -> None:
    for method in METHODS:
        for given in ("", f"Bearer {TOKEN}x"):
            status = _ask(http, method, path, authorization=given)
            if path == "/health" or (path, method) in OPEN:
                # Open, but only for looking; other methods find no way to do anything. Without a
                # session a page of the dashboard says how to open it, and that is a 401.
                assert status in (200, 303, 401, 404, 405)
            else:
                assert status == 401, (method, path, given)


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_a_path_does_not_take_is_refused(http: httpx2.Client, path: str) -> None:
    taken = {method for p, method in INVENTORY if p == path}
    if "*" in taken:
        return
    taken |= {"HEAD"} & {m.replace("GET", "HEAD") for m in taken}
    for method in METHODS:
        if method not in taken:
            assert _ask(http, method, path) in (404, 405), (method, path)

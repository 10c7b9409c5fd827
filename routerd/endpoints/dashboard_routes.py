"""The dashboard's addresses: pages that hold nothing, and behind a session what fills them."""

from functools import partial
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from routerd.core.errors import InvalidRequest, NotFound
from routerd.dashboard import pages
from routerd.dashboard.assets import assets
from routerd.dialects import strict_json
from routerd.endpoints import bodies, dashboard_pages, feed
from routerd.endpoints.control_routes import feedback_value
from routerd.endpoints.dashboard_door import CODE_S, HOME, DashboardDoor
from routerd.endpoints.event_stream import EventStream
from routerd.endpoints.house import House

# Nothing but this daemon's own files, no inline script or style, no frame, no form, no <base>; and
# HTML gets into the page through one place alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types routerd"
)
SAFE = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
    "cache-control": "no-store",
}


def routes(house: House, door: DashboardDoor) -> list[Route]:
    """Return the routes of this door."""
    return [*_pages(door), *_session(door), *_reading(house), *_commands(house)]


def _html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status_code=status, headers=SAFE)


def _json(values: Any) -> Response:
    return JSONResponse(values, headers=SAFE)


def _cookies(http: HttpRequest) -> str:
    return "; ".join(http.headers.getlist("cookie"))


def _pages(door: DashboardDoor) -> list[Route]:
    async def root(_: HttpRequest) -> Response:
        return RedirectResponse(HOME, status_code=303, headers=SAFE)

    async def shell(http: HttpRequest) -> Response:
        view = http.path_params.get("view", "decisions")
        if view not in pages.VIEWS:
            raise NotFound("The dashboard has no such page.")
        if not door.knows(_cookies(http)):
            return _html(pages.render("closed"), 401)
        return _html(pages.render("shell", view=view))

    async def opening(_: HttpRequest) -> Response:
        return _html(pages.render("open"))

    return [
        Route("/", root, methods=["GET"]),
        Route(HOME, shell, methods=["GET"]),
        Route("/dashboard/open", opening, methods=["GET"]),
        Route("/dashboard/static/{name}", _asset, methods=["GET"]),
        Route("/dashboard/{view}", shell, methods=["GET"]),
    ]


async def _asset(http: HttpRequest) -> Response:
    found = assets().get(http.path_params["name"])
    if found is None:
        raise NotFound("The dashboard has no such file.")
    headers = {**SAFE, "cache-control": "no-cache", "etag": found.etag}
    if http.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.content_type, headers=headers)


def _session(door: DashboardDoor) -> list[Route]:
    async def link(http: HttpRequest) -> Response:
        to = strict_json.request_object(await bodies.read(http)).get("to") or HOME
        if not isinstance(to, str):
            raise InvalidRequest("'to' must be a path of the dashboard.", "to")
        port = http.url.port
        # Behind the #, which browsers send to nobody: it is in no log and no Referer.
        url = f"http://127.0.0.1:{port}/dashboard/open#{door.code(to)}"
        return JSONResponse({"url": url, "expires_s": CODE_S})

    async def session(http: HttpRequest) -> Response:
        code = strict_json.request_object(await bodies.read(http)).get("code")
        if not isinstance(code, str):
            raise InvalidRequest("'code' must be a string.", "code")
        opened = door.exchange(code)
        answer = _json({"key": opened.key, "to": opened.to})
        answer.set_cookie(
            door.cookie, opened.cookie, path="/dashboard", httponly=True, samesite="strict"
        )
        return answer

    async def closing(http: HttpRequest) -> Response:
        door.close(_cookies(http))
        return _json({"ok": True})

    return [
        Route("/control/dashboard-link", link, methods=["POST"]),
        Route("/dashboard/session", session, methods=["POST"]),
        Route("/dashboard/api/close", closing, methods=["POST"]),
    ]


def _reading(house: House) -> list[Route]:
    async def view(http: HttpRequest) -> Response:
        shown = dashboard_pages.VIEWS.get(http.path_params["view"])
        if shown is None:
            raise NotFound("The dashboard has no such page.")
        return _html(await shown(house, http.query_params))

    async def state(_: HttpRequest) -> Response:
        return _json(dashboard_pages.state(await house.status()))

    async def strip(http: HttpRequest) -> Response:
        return _html(await dashboard_pages.strip(house, http.query_params))

    async def rows(http: HttpRequest) -> Response:
        return _html(await dashboard_pages.rows(house, http.query_params))

    async def decision(http: HttpRequest) -> Response:
        return _html(await dashboard_pages.decision(house, http.path_params["identity"]))

    async def events(_: HttpRequest) -> Any:
        first = feed.encode("state", dashboard_pages.state(await house.status()))
        return EventStream(house.feed.listen(first, partial(dashboard_pages.live, house)))

    return [
        Route("/dashboard/api/view/{view}", view, methods=["GET"]),
        Route("/dashboard/api/state", state, methods=["GET"]),
        Route("/dashboard/api/strip", strip, methods=["GET"]),
        Route("/dashboard/api/rows", rows, methods=["GET"]),
        Route("/dashboard/api/decision/{identity}", decision, methods=["GET"]),
        Route("/dashboard/api/events", events, methods=["GET"]),
    ]


def _commands(house: House) -> list[Route]:
    async def offline(http: HttpRequest) -> Response:
        wanted = strict_json.request_object(await bodies.read(http)).get("offline")
        if not isinstance(wanted, bool):
            raise InvalidRequest("'offline' must be true or false.", "offline")
        house.set_offline(wanted, "dashboard")
        return _json(dashboard_pages.state(await house.status()))

    async def feedback(http: HttpRequest) -> Response:
        values = strict_json.request_object(await bodies.read(http))
        identity = values.get("decision")
        if not isinstance(identity, str):
            raise InvalidRequest("'decision' must be a string.", "decision")
        return _json(dict(await house.feedback(identity, feedback_value(values.get("value")))))

    async def reload(_: HttpRequest) -> Response:
        fault = await house.reload()
        return _json({"ok": not fault, "error": fault})

    return [
        Route("/dashboard/api/offline", offline, methods=["POST"]),
        Route("/dashboard/api/feedback", feedback, methods=["POST"]),
        Route("/dashboard/api/reload", reload, methods=["POST"]),
    ]

"""What a person switches at run time: pause, resume, profile."""

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from routerd.core.errors import InvalidRequest
from routerd.dialects import strict_json
from routerd.endpoints import bodies
from routerd.endpoints.house import House

LONGEST_PAUSE_S = 30 * 86_400.0


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""

    async def pause(http: HttpRequest) -> JSONResponse:
        for_s = strict_json.request_object(await bodies.read(http)).get("for_s")
        number = isinstance(for_s, int | float) and not isinstance(for_s, bool)
        if for_s is not None and not (number and 0 < for_s <= LONGEST_PAUSE_S):
            raise InvalidRequest("'for_s' must be seconds, above 0, at most 30 days.", "for_s")
        house.pause(None if for_s is None else float(for_s))
        return await _state()

    async def resume(_: HttpRequest) -> JSONResponse:
        house.resume()
        return await _state()

    async def profile(http: HttpRequest) -> JSONResponse:
        name = strict_json.request_object(await bodies.read(http)).get("profile")
        if not isinstance(name, str) or not name:
            raise InvalidRequest("'profile' must be a name.", "profile")
        await house.set_profile(name)
        return JSONResponse({"profile": house.current().config.profile})

    async def _state() -> JSONResponse:
        status = await house.status()
        told = {"paused": status.paused, "paused_left_s": status.paused_left_s}
        return JSONResponse({**told, "running": len(status.running)})

    return [
        Route("/control/pause", pause, methods=["POST"]),
        Route("/control/resume", resume, methods=["POST"]),
        Route("/control/profile", profile, methods=["POST"]),
    ]

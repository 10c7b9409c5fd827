"""What can be answered without a daemon: a decision, and the past."""

from typing import Any

import anyio

from routerd.core.errors import NotFound
from routerd.endpoints import control_routes, governance_routes, views
from routerd.settings import load, places


def route(here: places.Places, body: dict[str, Any]) -> dict[str, Any]:
    """Return the decision for one request, as a daemon started now would make it."""
    from routerd.daemon import serve  # the whole house

    async def decide() -> dict[str, Any]:
        async with serve.rooms(here, load.load(here.config)) as house:
            request = control_routes.request_from(body)
            return views.explained(await house.current().journey.decide(request))

    places.prepare(here)
    return anyio.run(decide)


def policy(here: places.Places, body: dict[str, Any]) -> dict[str, Any]:
    """Return what the policy makes of one request, as a daemon started now would."""
    from routerd.daemon import serve  # the whole house

    async def show() -> dict[str, Any]:
        async with serve.rooms(here, load.load(here.config)) as house:
            request = governance_routes.asked(body)
            return await governance_routes.shown(house.current().journey, request)

    places.prepare(here)
    return anyio.run(show)


def why(here: places.Places, identity: str) -> dict[str, Any]:
    """Return a past decision, read from the database. Raises: NotFound."""
    from routerd.storage.outcomes import read_decision

    found = read_decision(here.database, identity) if here.database.exists() else None
    if found is None:
        raise NotFound("No such decision is recorded; `routerd up` and `routerd ask` make one.")
    return views.why(*found)

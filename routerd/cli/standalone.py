"""What can be answered without a daemon: a decision, and the past."""

from dataclasses import asdict
from functools import partial
from typing import Any

import anyio

from routerd.client import NotRunning
from routerd.core.config import Config
from routerd.core.errors import NotFound
from routerd.endpoints import control_routes, governance_routes, views, watching_routes
from routerd.settings import catalogue_file, load, places, policy_file


def route(here: places.Places, body: dict[str, Any]) -> dict[str, Any]:
    """Return the decision for one request, as a daemon started now would make it."""
    from routerd.daemon import serve  # the whole house

    async def decide() -> dict[str, Any]:
        async with serve.rooms(here, load.load(here.config)) as house:
            request = control_routes.request_from(body)
            return views.explained(await house.current().journey.decide(request))

    places.prepare(here)
    return anyio.run(decide)


def engines(here: places.Places, config: Config) -> dict[str, Any]:
    """Return `engines` and `models` as the status of a daemon started now would hold them."""
    # Every provider and what carries them; the past needs none of it.
    from routerd.credentials.keyring_store import KeyringStore
    from routerd.daemon import faces, wiring
    from routerd.engines.pool import EnginePool
    from routerd.network.offline import LoopbackOnly
    from routerd.network.outbound import HttpOutbound
    from routerd.providers.catalogue import Catalogue

    async def look() -> dict[str, Any]:
        outbound = HttpOutbound(connect_s=config.timeouts.connect_s)
        door = LoopbackOnly(outbound, offline=config.offline)
        named = catalogue_file.load(here.home / catalogue_file.USERS)
        try:
            # Never entered: models are listed, none is loaded.
            pool = EnginePool(here.log.parent)
            residency = wiring.residency(config)
            parts = wiring.Parts(door, pool, KeyringStore(), here.models, residency, named=named)
            wanted = wiring.wanted(config, here.home)
            known = partial(wiring.known, named)
            catalogue = Catalogue(wiring.providers(config, parts, wanted), None, known)
            await catalogue.refresh()
        finally:
            await outbound.aclose()
        kinds = {engine.name: engine.kind for engine in catalogue.engines}
        models = (faces.model(c, kinds[c.provider], ()) for c in catalogue.candidates())
        return {
            "engines": [asdict(engine) for engine in catalogue.engines],
            "models": [asdict(model) for model in models],
        }

    return anyio.run(look)


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


def stats(here: places.Places, days: int) -> dict[str, Any]:
    """Return what /control/stats would say, read from the database. Raises: RouterdError."""
    from routerd.storage.outcomes import read_statistics

    found = read_statistics(here.database, days)
    if found is None:
        raise NotRunning("routerd is not running, and there is no history; `routerd up` starts it.")
    policy, _ = policy_file.load(here.policy)
    return watching_routes.told(found, policy, load.load(here.config).baseline)

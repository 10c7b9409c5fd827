"""For whoever watches: sums and times, decisions to look through, and events as they happen."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from routerd.core.errors import InvalidRequest
from routerd.core.policy import Policy
from routerd.endpoints import feed
from routerd.endpoints.event_stream import EventStream
from routerd.endpoints.house import House
from routerd.storage.browsing import MOST_ROWS, Wanted
from routerd.storage.statistics import MOST_DAYS

_MONEY = ("cost", "baseline_cost", "saved")
_FILTERS = ("q", "task", "model", "zone", "finish", "session")


def number(query: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    """Return a whole number of a query, 1 to `most`. Raises: InvalidRequest."""
    text = query.get(name, "")
    if not text:
        return otherwise
    # int() alone would take '+1', '1_0' and the digits of other scripts too.
    if not (text.isascii() and text.isdigit() and len(text) < 16 and 1 <= int(text) <= most):
        raise InvalidRequest(f"'{name}' must be a whole number from 1 to {most}.", name)
    return int(text)


def wanted(query: Mapping[str, str]) -> Wanted:
    """Return which decisions a query asks for. Raises: InvalidRequest."""
    before = number(query, "before", 0, 2**48)
    chosen: dict[str, Any] = {name: query.get(name, "")[:400] for name in _FILTERS}
    return Wanted(number(query, "limit", 100, MOST_ROWS), before or None, **chosen)


def in_currency(sums: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Return sums with money in the policy's currency instead of dollars, and the local share."""
    told = {name: value for name, value in sums.items() if not name.endswith("_usd")}
    for name in _MONEY:
        told[name] = round(sums[f"{name}_usd"] * policy.per_usd, 6)
    answered = sums["answered"]
    told["local_share"] = round(sums["answered_here"] / answered, 4) if answered else None
    return told


async def statistics(house: House, days: int) -> dict[str, Any]:
    """Return everything of /control/stats. Raises: RouterdError."""
    found = await house.history.statistics(days)
    return told(found, house.governance.permit.policy, house.current().config.baseline)


def told(found: Mapping[str, Any], policy: Policy, baseline: str) -> dict[str, Any]:
    """Return what storage found as /control/stats says it: in the policy's currency."""
    told: dict[str, Any] = {
        "currency": policy.currency,
        "per_usd": policy.per_usd,
        "baseline": baseline,
    }
    for name, value in found.items():
        if name.startswith("by_"):
            told[name] = [in_currency(row, policy) for row in value]
        elif name in ("today", "month", "period", "total"):
            told[name] = in_currency(value, policy)
        else:
            told[name] = value
    return told


async def page(house: House, query: Mapping[str, str]) -> dict[str, Any]:
    """Return everything of /control/decisions. Raises: RouterdError."""
    rows, following = await house.history.page(wanted(query))
    return {"decisions": rows, "next": following}


async def stream(house: House) -> EventStream:
    """Return the events; the whole Status comes first. Raises: RouterdError."""
    first = feed.encode("status", asdict(await house.status()))
    return EventStream(house.feed.listen(first))


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""

    async def stats(http: HttpRequest) -> JSONResponse:
        return JSONResponse(
            await statistics(house, number(http.query_params, "days", 30, MOST_DAYS))
        )

    async def decisions(http: HttpRequest) -> JSONResponse:
        return JSONResponse(await page(house, http.query_params))

    async def events(_: HttpRequest) -> Any:
        return await stream(house)

    return [
        Route("/control/stats", stats, methods=["GET"]),
        Route("/control/decisions", decisions, methods=["GET"]),
        Route("/control/events", events, methods=["GET"]),
    ]

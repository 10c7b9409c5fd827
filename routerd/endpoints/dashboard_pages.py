"""What each page of the dashboard shows: asks the house, hands values to the templates."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from routerd.core.features import TASKS
from routerd.core.status import ModelStatus, Status
from routerd.dashboard import charts, explained, pages, rule_words
from routerd.endpoints import feed, watching_routes
from routerd.endpoints.house import House
from routerd.storage.browsing import Wanted
from routerd.storage.statistics import day_of

Query = Mapping[str, str]
PAGE_ROWS = 100
PERIODS = (7, 30, 90, 365)
FINISHES = ("stop", "tool_calls", "length", "content_filter", "failed", "cancelled")
ZONES = ("device", "network", "cloud")


async def decisions(house: House, query: Query) -> str:
    """Return the search, the filters and an empty list; rows come by themselves."""
    models = sorted({model.name for model in (await house.status()).models})
    return pages.render(
        "decisions",
        strip=await _strip(house),
        tasks=TASKS,
        zones=ZONES,
        finishes=FINISHES,
        models=models,
        query=query,
    )


async def strip(house: House, _: Query) -> str:
    """Return the numbers of today."""
    return pages.render("strip", strip=await _strip(house))


async def _strip(house: House) -> dict[str, Any]:
    found = await watching_routes.statistics(house, 1)
    times = found["latency"].get("ttft_s", {})
    return {**found, "p50": times.get("p50"), "p95": times.get("p95")}


async def rows(house: House, query: Query) -> str:
    """Return one page of rows; its first element tells the next page's cursor."""
    found = await watching_routes.page(house, {"limit": str(PAGE_ROWS), **query})
    return _rows(house, found["decisions"], found["next"])


def _rows(house: House, found: Sequence[Mapping[str, Any]], following: int | None = None) -> str:
    policy = house.governance.permit.policy
    return pages.render(
        "rows",
        rows=found,
        following=following,
        per_usd=policy.per_usd,
        currency=policy.currency,
    )


async def decision(house: House, identity: str) -> str:
    """Return one decision, explained. Raises: NotFound."""
    found = explained.explained(*(await house.decision(identity)))
    policy = house.governance.permit.policy
    return pages.render("decision", **found, per_usd=policy.per_usd, currency=policy.currency)


async def savings(house: House, query: Query) -> str:
    """Return savings over time, by task and by model. Raises: InvalidRequest."""
    days = watching_routes.number(query, "days", 30, PERIODS[-1])
    found = await watching_routes.statistics(house, days)
    chart = charts.savings(found["by_day"], day_of(time.time()), days)
    return pages.render("savings", stats=found, chart=chart, days=days, periods=PERIODS)


async def models(house: House, _: Query) -> str:
    """Return every engine with its models."""
    status = await house.status()
    by_engine = [
        (engine, [model for model in status.models if model.provider == engine.name])
        for engine in status.engines
    ]
    policy = house.governance.permit.policy
    return pages.render(
        "models",
        engines=[(engine, sorted(found, key=_model_order)) for engine, found in by_engine],
        warnings=status.warnings,
        currency=policy.currency,
        per_usd=policy.per_usd,
    )


def _model_order(model: ModelStatus) -> tuple[bool, bool, str]:
    return not model.usable, not model.warm, model.name


async def performance(house: House, _: Query) -> str:
    """Return the performance matrix, and times by model."""
    found = await watching_routes.statistics(house, 30)
    timed = [row for row in found["by_model"] if row["latency"]]
    return pages.render(
        "performance", heat=charts.heat_map(house.cells(), TASKS), timed=timed, few=charts.FEW
    )


async def policy(house: House, _: Query) -> str:
    """Return the policy in force with how often each rule applied, and the budgets."""
    governance = house.governance
    in_force = governance.permit.policy
    hits = await house.history.rule_hits()
    return pages.render(
        "policy",
        policy=in_force,
        error=governance.policy_error,
        rules=rule_words.rules(in_force, hits, house.feed.applied),
        budgets=governance.balances(),
        profile=house.current().config.profile,
        weights=asdict(house.current().config.weights),
    )


async def egress(house: House, _: Query) -> str:
    """Return what was tried towards other machines, and what stands in the way."""
    found = await watching_routes.statistics(house, 30)
    return pages.render("egress", report=house.governance.report(), zones=found["by_zone"])


async def sessions(house: House, _: Query) -> str:
    """Return who holds which conversation."""
    held = house.sessions()
    ids = tuple(session["decision"] for session in held)
    told: dict[str, dict[str, Any]] = {}
    if ids:
        found, _next = await house.history.page(Wanted(limit=len(ids), ids=ids))
        told = {row["id"]: row for row in found}
    return pages.render(
        "sessions", sessions=[(session, told.get(session["decision"])) for session in held]
    )


VIEWS: Mapping[str, Callable[[House, Query], Awaitable[str]]] = {
    "decisions": decisions,
    "savings": savings,
    "models": models,
    "performance": performance,
    "policy": policy,
    "egress": egress,
    "sessions": sessions,
}


def live(house: House, kind: str, facts: Mapping[str, Any]) -> bytes:
    """Return an event as the page wants it: a decision comes as its row, ready to be put in."""
    if kind in ("decision", "outcome"):
        html = _rows(house, [facts])
        return feed.encode(kind, {"id": facts["id"], "unix_s": facts["unix_s"], "html": html})
    return feed.encode(kind, facts)


def state(status: Status) -> dict[str, Any]:
    """Return what the head of the page shows."""
    return {
        "state": status.state,
        "version": status.version,
        "offline": status.offline,
        "layer": status.offline_layer,
        "profile": status.profile,
        "warnings": list(status.warnings),
        "up": sum(engine.up for engine in status.engines),
        "usable": sum(model.usable for model in status.models),
    }

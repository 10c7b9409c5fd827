"""What governs requests, for the command line, the tray and scripts: policy, offline, forgetting."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from routerd.core.errors import InvalidRequest, NotFound
from routerd.core.policy import Rule
from routerd.core.request import Request
from routerd.dialects import strict_json
from routerd.endpoints import bodies, views
from routerd.endpoints.control_routes import request_from
from routerd.endpoints.house import House
from routerd.journey.route import Journey
from routerd.policy import conditions
from routerd.policy.ruling import applies


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""
    return [*_mode(house), *_policy(house)]


def _mode(house: House) -> list[Route]:
    async def offline(_: HttpRequest) -> JSONResponse:
        return JSONResponse(dict(house.governance.report()))

    async def switch(http: HttpRequest) -> JSONResponse:
        body = strict_json.request_object(await bodies.read(http))
        wanted = body.get("offline")
        if not isinstance(wanted, bool):
            raise InvalidRequest("'offline' must be true or false.", "offline")
        by = body.get("by")
        house.set_offline(wanted, str(by)[:80] if by else "control")
        return JSONResponse(dict(house.governance.report()))

    async def forget(http: HttpRequest) -> JSONResponse:
        body = strict_json.request_object(await bodies.read(http))
        return JSONResponse(dict(await house.forget(*_what(body))))

    return [
        Route("/control/offline", offline, methods=["GET"]),
        Route("/control/offline", switch, methods=["POST"]),
        Route("/control/forget", forget, methods=["POST"]),
    ]


def _policy(house: House) -> list[Route]:
    async def policy(_: HttpRequest) -> JSONResponse:
        governance = house.governance
        return JSONResponse(
            {
                "rules": [rule.id for rule in governance.permit.policy.rule],
                "error": governance.policy_error,
                "budgets": governance.balances(),
            }
        )

    async def show(http: HttpRequest) -> JSONResponse:
        body = strict_json.request_object(await bodies.read(http))
        return JSONResponse(await shown(house.current().journey, asked(body)))

    async def approve(http: HttpRequest) -> JSONResponse:
        code = strict_json.request_object(await bodies.read(http)).get("code")
        if not isinstance(code, str) or not house.governance.approved(code):
            raise NotFound("Nothing was asked about under this code; codes are used once.")
        return JSONResponse({"ok": True})

    return [
        Route("/control/policy", policy, methods=["GET"]),
        Route("/control/policy/show", show, methods=["POST"]),
        Route("/control/policy/approve", approve, methods=["POST"]),
    ]


def asked(body: dict[str, Any]) -> Request:
    """Return the request in a body of `policy show`, with its client and workspace.

    Raises: InvalidRequest.
    """
    request = request_from(body)
    told = {key: body.get(key, "") for key in ("client", "workspace")}
    if not all(isinstance(value, str) for value in told.values()):
        raise InvalidRequest("'client' and 'workspace' must be strings.")
    return replace(request, **told)


async def shown(journey: Journey, request: Request) -> dict[str, Any]:
    """Return the decision and, for every rule, whether it applies and if not by which field."""
    decision = await journey.decide(request)
    facts = journey.permit.facts(request, decision.features)
    return {
        "facts": {
            "task": facts.task,
            "complexity": round(facts.complexity, 4),
            "language": facts.language,
            "workspace": facts.workspace,
            "paths": list(facts.paths),
            "client": facts.client,
            "sensitivity": list(facts.sensitivity),
        },
        "rules": [_ruled(rule, facts) for rule in journey.permit.policy.rule],
        "decision": views.decision(decision),
    }


def _ruled(rule: Rule, facts: conditions.Facts) -> dict[str, Any]:
    fires = applies(rule, facts)
    misfits = list(conditions.misfits(rule.when, facts))
    excepted = not fires and not misfits
    return {"id": rule.id, "applies": fires, "misfits": misfits, "excepted": excepted}


def _what(body: dict[str, Any]) -> tuple[str | None, float | None, float | None]:
    """Return what shall be forgotten. Raises: InvalidRequest, also where nothing is said."""
    workspace = body.get("workspace")
    since, until = body.get("since_unix_s"), body.get("until_unix_s")
    if workspace is not None and not isinstance(workspace, str):
        raise InvalidRequest("'workspace' must be a string.", "workspace")
    for name, value in (("since_unix_s", since), ("until_unix_s", until)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InvalidRequest(f"'{name}' must be a number.", name)
    if (workspace, since, until) == (None, None, None) and body.get("all") is not True:
        raise InvalidRequest("Say what: 'workspace', 'since_unix_s', 'until_unix_s' or 'all'.")
    return workspace, since, until

"""What MCP clients may read, and the one prompt: decisions, measurements and the policy in force."""

import json
from dataclasses import asdict
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, Completion, CompletionArgument

from routerd.core.errors import RouterdError
from routerd.endpoints import views
from routerd.endpoints.house import House

JSON = "application/json"


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


async def _why(house: House, identity: str) -> dict[str, Any]:
    try:
        return views.why(*await house.decision(identity))
    except RouterdError as error:
        raise ResourceNotFoundError(error.message) from None


def matrix(house: House) -> dict[str, Any]:
    """Return what was measured of each model: health, speed, first token; live, not from a card."""
    return {
        candidate.name: {
            "zone": candidate.zone,
            "usable": candidate.usable and not candidate.circuit_open,
            "warm": candidate.warm,
            "health": round(candidate.health, 4),
            "ttft_s": round(candidate.ttft_s, 3),
            "tokens_per_s": round(candidate.tokens_per_s, 2),
            "context_tokens": candidate.context_tokens,
            "ability": round(candidate.ability, 3),
            "ability_sd": round(candidate.ability_sd, 3),
        }
        for candidate in house.current().catalogue.candidates()
    }


def policy(house: House) -> dict[str, Any]:
    """Return the settings that decide: profile, weights, baseline, offline, zones of providers."""
    config = house.current().config
    return {
        "profile": config.profile,
        "weights": asdict(config.weights),
        "profiles": {name: asdict(profile) for name, profile in config.profiles.items()},
        "baseline": config.baseline,
        "offline": config.offline,
        "strict_models": config.strict_models,
        "zones": {provider.name: provider.zone for provider in config.provider},
    }


def add(server: MCPServer, house: House) -> None:
    """Register all of them."""
    _add_resources(server, house)

    # The SDK does not annotate this one decorator.
    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]
    async def complete(_: Any, argument: CompletionArgument, __: Any) -> Completion:
        # Ids are not for typing; the newest decision is what people ask for.
        values = (
            ["last"] if argument.name == "identity" and "last".startswith(argument.value) else []
        )
        return Completion(values=values, total=len(values), has_more=False)

    @server.prompt(
        name="explain_last_route",
        title="Explain the last route",
        description="Ask for an explanation of why the last request went to the model it went to",
    )
    async def explain() -> str:
        try:
            found = views.why(*await house.decision("last"))
        except RouterdError as error:
            raise MCPError(INVALID_PARAMS, error.message) from None
        return (
            "Explain in a few sentences, for a developer, why routerd chose this model and what "
            "would have made it choose another. Name the terms that decided and the candidates "
            f"that were excluded, with their reasons.\n\n{_text(found)}"
        )


def _add_resources(server: MCPServer, house: House) -> None:

    @server.resource(
        "routerd://decision/{identity}",
        name="decision",
        title="A decision",
        description="Candidates, terms, exclusions and outcome of a decision; `last` is the newest",
        mime_type=JSON,
    )
    async def decision(identity: str) -> str:
        return _text(await _why(house, identity))

    @server.resource(
        "routerd://matrix",
        name="matrix",
        title="What was measured of each model",
        description="Health, speed and window in effect of every model, as measured here",
        mime_type=JSON,
    )
    async def measured() -> str:
        return _text(matrix(house))

    @server.resource(
        "routerd://policy",
        name="policy",
        title="The policy in force",
        description="Profile, weights, quality floors, offline mode and zones",
        mime_type=JSON,
    )
    async def in_force() -> str:
        return _text(policy(house))

"""Anthropic's Claude models, through the Messages API."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from typing_extensions import override

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Timeouts
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.dialects import strict_json
from routerd.policy import abilities
from routerd.providers import anthropic_wire, native_events
from routerd.providers.anthropic_stream import StreamDecoder
from routerd.providers.cloud import MAX_PAGES, Account, CloudProvider, Secret

# The client dialect whose bytes it takes as they are.
DIALECT = "anthropic"
VERSION = "2026-10-21"
# What clients wrote for until then; it allows fields that the newer one refuses (temperature).
OLD_VERSION = "2023-06-01"
# Where the listing doesn't say; all models since 2024 have them.
USUAL_WINDOW, USUAL_OUTPUT = 200_000, 8192
# Bounds an answer where the client doesn't; more is never needed by a turn of an agent, and it is
# set aside from the rate limit.
MOST_OUTPUT = 32_000


class AnthropicProvider(CloudProvider):
    """Translated requests are always streamed: a broken answer shows at once, whatever the client.

    A client that speaks this dialect gets Anthropic's own bytes, streamed or whole as it asked.
    """

    kind = "anthropic"

    def __init__(
        self, account: Account, outbound: Outbound, timeouts: Timeouts, secret: Secret
    ) -> None:
        super().__init__(account, outbound, timeouts, secret)
        self._adapts: set[str] = set()

    @override
    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    @override
    async def list_models(self) -> list[Candidate]:
        found: list[Candidate] = []
        adapts: set[str] = set()
        path = "/v1/models?limit=1000"
        for _ in range(MAX_PAGES):
            page = await self.get(path, more={"anthropic-version": VERSION})
            items = page.get("data")
            if not isinstance(items, list):
                raise ProviderFailed(f"{self.name} lists no models", "protocol")
            found += [self._candidate(item) for item in items if _is_usable(item)]
            adapts |= {str(item["id"]) for item in items if _is_usable(item) and _adapts(item)}
            if not page.get("has_more") or not isinstance(page.get("last_id"), str):
                break
            path = f"/v1/models?limit=1000&after_id={page['last_id']}"
        self._adapts = adapts
        return found

    def _candidate(self, item: Mapping[str, Any]) -> Candidate:
        model = str(item["id"])
        guess = abilities.guess(model)
        window = item.get("max_input_tokens")
        return Candidate(
            provider=self.name,
            model=model,
            zone=self.account.zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            context_tokens=window if isinstance(window, int) and window > 0 else USUAL_WINDOW,
            capabilities=_capabilities(item.get("capabilities")),
            max_output_tokens=_whole(item.get("max_tokens")),
            speaks=(DIALECT,),
            warm=True,
        )

    @override
    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        body, native = self._body(request, candidate)
        streamed = request.wants_stream or not native
        more, decoder = _versions(request), StreamDecoder()
        async with self.post("/v1/messages", body, streamed=streamed, more=more) as reply:
            said = native_events.answer(reply, self.name, decoder, streamed=streamed, native=native)
            async with aclosing(said) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _body(self, request: Request, candidate: Candidate) -> tuple[bytes, bool]:
        """Return the body, and whether it is the client's own bytes but for what must change."""
        bound = min(candidate.max_output_tokens or USUAL_OUTPUT, MOST_OUTPUT)
        model, most = candidate.model, candidate.max_output_tokens
        if request.dialect == DIALECT and request.raw:
            streamed = request.wants_stream
            return anthropic_wire.passed_on(
                request.raw, model, bound, stream=streamed, most=most
            ), True
        adapts = model in self._adapts
        body = anthropic_wire.encode_request(request, model, bound, adapts=adapts)
        # Clients send what the model they know can do; more than this one can is refused.
        body["max_tokens"] = min(body["max_tokens"], most or body["max_tokens"])
        return strict_json.dumps(body), False


def _versions(request: Request) -> dict[str, str]:
    """Return the version a body is written for; a client of this dialect says so itself."""
    if request.dialect != DIALECT or not request.raw:
        return {"anthropic-version": VERSION}
    known = ("anthropic-version", "anthropic-beta")
    told = {name: value for name, value in request.dialect_headers if name in known}
    return {"anthropic-version": OLD_VERSION, **told}


def _is_usable(item: Any) -> bool:
    return (
        isinstance(item, Mapping)
        and bool(item.get("id"))
        and item.get("lifecycle", "active") != "retired"
    )


def _adapts(item: Mapping[str, Any]) -> bool:
    """Whether the model thinks adaptively, which `effort` needs."""
    told: Any = item.get("capabilities")
    for name in ("thinking", "types", "adaptive", "supported"):
        told = told.get(name) if isinstance(told, Mapping) else None
    return told is True


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _capabilities(told: Any) -> Capabilities:
    """Return what the listing says; what it leaves out, all models since 2024 can do."""

    def able(name: str, *, otherwise: bool) -> bool:
        entry = told.get(name) if isinstance(told, Mapping) else None
        found = entry.get("supported") if isinstance(entry, Mapping) else None
        return found if isinstance(found, bool) else otherwise

    return Capabilities(
        tools=True,
        vision=able("image_input", otherwise=True),
        json_schema=able("structured_outputs", otherwise=True),
        thinking=able("thinking", otherwise=False),
    )

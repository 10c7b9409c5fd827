"""A cloud that speaks OpenAI's chat completions, with its vendor's differences."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from typing_extensions import override

from routerd.core.candidate import Candidate
from routerd.core.config import Timeouts
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.dialects import openai_chat, strict_json
from routerd.policy import abilities
from routerd.providers import chat_answer
from routerd.providers.cloud import Account, CloudProvider, Secret
from routerd.providers.vendors import NOT_FOR_CHAT, Vendor


class ChatVendorProvider(CloudProvider):
    """One such cloud."""

    def __init__(
        self,
        vendor: Vendor,
        account: Account,
        outbound: Outbound,
        timeouts: Timeouts,
        secret: Secret,
    ) -> None:
        super().__init__(account, outbound, timeouts, secret)
        self.kind = vendor.kind
        self.vendor = vendor

    @override
    def headers(self, key: str) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"}

    @override
    async def list_models(self) -> list[Candidate]:
        items = (await self.get(self.vendor.listing)).get(self.vendor.items)
        if not isinstance(items, list):
            raise ProviderFailed(f"{self.name} lists no models", "protocol")
        named = [
            item
            for item in items
            if isinstance(item, Mapping) and isinstance(item.get("id"), str) and item["id"]
        ]
        found = (
            self.vendor.describe(item, self._blank(item["id"]))
            for item in named
            if not NOT_FOR_CHAT.search(item["id"])
        )
        return [candidate for candidate in found if candidate is not None]

    def _blank(self, model: str) -> Candidate:
        guess = abilities.guess(model)
        return Candidate(
            provider=self.name,
            model=model,
            zone=self.account.zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            warm=True,
        )

    @override
    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        body = self.vendor.prepare(chat_body(request, candidate.model))
        streamed = request.wants_stream
        async with self.post("/chat/completions", body, streamed=streamed) as reply:
            if not streamed:
                for chunk in await chat_answer.whole(reply, self.name, self.vendor.normalise):
                    yield chunk
                return
            answer = chat_answer.streamed(reply, self.name, self.vendor.normalise)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk


def chat_body(request: Request, model: str) -> dict[str, Any]:
    """Return the body; the client's own JSON is kept where it spoke this dialect."""
    if request.dialect != "openai" or not request.raw:
        return openai_chat.encode_request(request, model, stream=request.wants_stream)
    body = {**strict_json.request_object(request.raw), "model": model}
    if request.wants_stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return body

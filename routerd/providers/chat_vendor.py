"""A cloud that speaks OpenAI's chat completions, with its vendor's differences."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from typing_extensions import override

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Timeouts
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.dialects import embeddings, openai_chat, passthrough, strict_json
from routerd.policy import abilities
from routerd.providers import chat_answer, failures
from routerd.providers.cloud import Account, CloudProvider, Secret
from routerd.providers.vendors import NOT_FOR_CHAT, Body, Vendor

# The client dialect whose bytes these vendors take as they are.
DIALECT = "openai"


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
        found = (self._described(item) for item in named if not NOT_FOR_CHAT.search(item["id"]))
        return [candidate for candidate in found if candidate is not None]

    def _described(self, item: Mapping[str, Any]) -> Candidate | None:
        blank = self._blank(str(item["id"]))
        if "embed" in blank.model.lower():
            return replace(blank, capabilities=Capabilities(embeddings=True))
        return self.vendor.describe(item, blank)

    def _blank(self, model: str) -> Candidate:
        guess = abilities.guess(model)
        return Candidate(
            provider=self.name,
            model=model,
            zone=self.account.zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            speaks=(DIALECT,),
            warm=True,
        )

    @override
    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        path, native = "/chat/completions", request.dialect == DIALECT and bool(request.raw)
        if request.suffix is not None and self.vendor.fill:
            path, native = self.vendor.fill, False
            body = strict_json.dumps(self.vendor.prepare(fill_body(request, candidate.model)))
        else:
            body = chat_body(request, candidate.model, self.vendor.prepare)
        streamed, more = request.wants_stream, beta(request) if native else {}
        async with self.post(path, body, streamed=streamed, more=more) as reply:
            if not streamed:
                read = chat_answer.whole(reply, self.name, self._normalise, native=native)
                for chunk in await read:
                    yield chunk
                return
            answer = chat_answer.streamed(reply, self.name, self._normalise, native=native)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _normalise(self, obj: dict[str, Any]) -> dict[str, Any]:
        return self.vendor.normalise(chat_answer.from_text(obj))

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector a text. Raises: ProviderFailed."""
        body = strict_json.dumps(embeddings.encode_request(request, candidate.model))
        async with self.post("/embeddings", body, streamed=False) as reply:
            data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, self.name)
            return embeddings.decode_answer(strict_json.backend_object(data))


def beta(request: Request) -> dict[str, str]:
    """Return the headers without which fields of a client's own body are not known."""
    return {name: value for name, value in request.dialect_headers if name == "openai-beta"}


def fill_body(request: Request, model: str) -> dict[str, Any]:
    """Return the body that fills the gap between the request's one text and its suffix."""
    limits = request.limits
    fields: dict[str, Any] = {
        "max_tokens": limits.max_output_tokens,
        "temperature": limits.temperature,
        "top_p": limits.top_p,
        "stop": list(limits.stop) or None,
    }
    return {
        "model": model,
        "prompt": "".join(message.text for message in request.messages),
        "suffix": request.suffix or "",
        "stream": request.wants_stream,
        **{name: value for name, value in fields.items() if value is not None},
    }


def chat_body(request: Request, model: str, prepare: Callable[[Body], Body]) -> bytes:
    """Return the body; of a client of this dialect every byte that its vendor takes as it is."""
    streamed = request.wants_stream
    if request.dialect != DIALECT or not request.raw:
        body = openai_chat.encode_request(request, model, stream=streamed)
        return strict_json.dumps(prepare(body))
    told = strict_json.request_object(request.raw)
    asked = passthrough.asked(told, model, stream=streamed)
    if streamed:
        asked["stream_options"] = passthrough.with_usage(told)
    return passthrough.edited(request.raw, passthrough.differences(told, prepare(asked)))

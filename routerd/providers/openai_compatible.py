"""Any server that speaks OpenAI's chat completions: llama-server, vLLM, LM Studio, gateways.

The address comes from configuration only; a request never chooses it.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio

from routerd.core.candidate import Candidate, Capabilities, Zone
from routerd.core.config import Timeouts
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.core.status import EngineStatus
from routerd.dialects import embeddings, openai_chat, passthrough, strict_json
from routerd.policy import abilities
from routerd.providers import chat_answer, failures

DISCOVERY_S = 3.0
# Names under which servers tell their context window: llama-server (in `meta`), vLLM, LM Studio,
# OpenRouter.
_CONTEXT_KEYS = (
    "n_ctx",
    "max_model_len",
    "loaded_context_length",
    "max_context_length",
    "context_length",
)
# Such servers rarely say what a model can do; these are what the protocol takes for granted.
_CAPABILITIES = Capabilities(tools=True, json_schema=True)
_EMBEDS = Capabilities(embeddings=True)
_NOT_FOR_CHAT = ("rerank", "whisper", "tts")
# The client dialect whose bytes such a server takes as they are.
DIALECT = "openai"


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is and what the user said of it. `base_url` ends before `/models`."""

    name: str
    base_url: str
    zone: Zone = "device"
    context_tokens: int = 0


class OpenAICompatibleProvider:
    """One such server. `secret` looks its API key up; it may block."""

    kind = "openai_compatible"

    def __init__(
        self,
        server: Server,
        outbound: Outbound,
        timeouts: Timeouts,
        secret: Callable[[], str | None] | None = None,
    ) -> None:
        self.name = server.name
        self._server = server
        self._outbound = outbound
        self._timeouts = timeouts
        self._secret = secret
        self._url = server.base_url.rstrip("/")

    async def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        # A keyring may take seconds to answer, or wait for somebody to unlock it.
        if self._secret and (key := await anyio.to_thread.run_sync(self._secret)):
            headers["authorization"] = f"Bearer {key}"
        return headers

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """See `core.ports.Provider.discover`."""
        try:
            # The limits inside bound each silence; a server that trickles is bounded here.
            with anyio.fail_after(2 * DISCOVERY_S):
                models = await self._get(f"{self._url}/models")
                listed = models.get("data")
                if not isinstance(listed, list):
                    raise ProviderFailed(f"{self._url}/models lists no models", "protocol")
                window = await self._llama_server_window(listed)
        except TimeoutError:
            return self._status(up=False, models=0, detail="it did not answer in time"), ()
        except ProviderFailed as error:
            return self._status(up=False, models=0, detail=error.message), ()
        entries = [item for item in listed if isinstance(item, Mapping) and item.get("id")]
        found = tuple(
            self._candidate(item, window)
            for item in entries
            if not any(word in str(item["id"]).lower() for word in _NOT_FOR_CHAT)
        )
        return self._status(up=True, models=len(found)), found

    async def _get(self, url: str) -> dict[str, Any]:
        async with self._outbound.send(
            "GET", url, await self._headers(), first_byte_s=DISCOVERY_S, idle_s=DISCOVERY_S
        ) as reply:
            await failures.check(reply, self.name, "application/json")
            data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, self.name)
            return strict_json.backend_object(data)

    async def _llama_server_window(self, listed: list[Any]) -> int:
        """Return the window in effect of a llama.cpp server as /props tells it, else 0.

        Builds before 2026 tell it nowhere else.
        """
        owner = listed[0].get("owned_by") if listed and isinstance(listed[0], Mapping) else ""
        if owner != "llamacpp":
            return 0
        parts = urlsplit(self._url)
        try:
            props = await self._get(f"{parts.scheme}://{parts.netloc}/props")
        except ProviderFailed:
            return 0
        settings = props.get("default_generation_settings")
        window = settings.get("n_ctx") if isinstance(settings, Mapping) else 0
        return window if isinstance(window, int) else 0

    def _candidate(self, item: Mapping[str, Any], window: int) -> Candidate:
        model = str(item["id"])
        meta = item.get("meta")
        told = {**item, **meta} if isinstance(meta, Mapping) else item
        listed = next((told[key] for key in _CONTEXT_KEYS if isinstance(told.get(key), int)), 0)
        guess = abilities.guess(model)
        return Candidate(
            provider=self.name,
            model=model,
            zone=self._server.zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            context_tokens=self._server.context_tokens or window or listed,
            capabilities=_EMBEDS if "embed" in model.lower() else _CAPABILITIES,
            speaks=(DIALECT,),
            warm=True,
            parameters_b=abilities.size_from_name(model),
        )

    def _status(self, *, up: bool, models: int, detail: str = "") -> EngineStatus:
        return EngineStatus(self.name, self.kind, self._server.zone, self._url, up, models, detail)

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""
        body, native = self._body(request, candidate)
        streamed = request.wants_stream
        limits = self._timeouts
        first_s = limits.first_token_s if streamed else limits.whole_answer_s
        async with self._outbound.send(
            "POST",
            f"{self._url}/chat/completions",
            await self._headers(),
            body,
            first_byte_s=first_s,
            # Gateways may send the headers long before the one body there is.
            idle_s=limits.idle_s if streamed else limits.whole_answer_s,
        ) as reply:
            kind = "text/event-stream" if streamed else "application/json"
            await failures.check(reply, self.name, kind)
            if not streamed:
                for chunk in await chat_answer.whole(reply, self.name, native=native):
                    yield chunk
                return
            async with aclosing(chat_answer.streamed(reply, self.name, native=native)) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _body(self, request: Request, candidate: Candidate) -> tuple[bytes, bool]:
        """Return the body, and whether it is the client's own bytes with another model's name."""
        model, stream = candidate.model, request.wants_stream
        if request.dialect == DIALECT and request.raw:
            has_usage = request.wants_usage
            kept = passthrough.chat_request(request.raw, model, stream=stream, has_usage=has_usage)
            return kept, True
        thinks = candidate.capabilities.thinking
        body = openai_chat.encode_request(request, model, stream=stream, thinks=thinks)
        return strict_json.dumps(body), False

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """See `journey.embed.Embedder.embed`."""
        limit_s = self._timeouts.whole_answer_s
        async with self._outbound.send(
            "POST",
            f"{self._url}/embeddings",
            await self._headers(),
            strict_json.dumps(embeddings.encode_request(request, candidate.model)),
            first_byte_s=limit_s,
            idle_s=limit_s,
        ) as reply:
            await failures.check(reply, self.name, "application/json")
            data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, self.name)
            return embeddings.decode_answer(strict_json.backend_object(data))

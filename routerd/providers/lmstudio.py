"""LM Studio: listed by REST, loaded and unloaded through its SDK, asked as OpenAI's servers are.

Where the SDK has no way (another machine, a server with an API token) REST does all of it, without
a time to live. Source: LM Studio docs, "REST API v1", "OpenAI compatibility", "Idle TTL".
"""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

import anyio

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Timeouts
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk, Progress
from routerd.core.status import EngineStatus
from routerd.dialects import embeddings, fim_prompts, strict_json
from routerd.policy import abilities
from routerd.policy.windows import needed_tokens, window_for
from routerd.providers import chat_answer, failures
from routerd.providers.chat_vendor import DIALECT, chat_body
from routerd.providers.lmstudio_sdk import Kind, LMStudioSdk, NoLink, Open
from routerd.providers.openai_compatible import Server

_log = logging.getLogger(__name__)

DISCOVERY_S = 5.0
# How long a model stays after its last request; the program's own default is an hour.
TTL_S = 3600
LOAD_LIMIT_S = 300.0
# A cold model is read from disk: about 1 GB/s on a laptop.
LOAD_BYTES_PER_S = 1e9


@dataclass(frozen=True, slots=True)
class Instance:
    """A loaded model: its id there, and the window it was loaded with (0 unknown)."""

    id: str
    context_tokens: int


class LMStudioProvider:
    """One LM Studio server. `secret` looks its API token up; it may block."""

    kind = "lmstudio"

    def __init__(
        self,
        server: Server,
        outbound: Outbound,
        timeouts: Timeouts,
        secret: Callable[[], str | None] | None = None,
        link: Open | None = None,
    ) -> None:
        self.name = server.name
        self._server = server
        self._outbound = outbound
        self._timeouts = timeouts
        self._secret = secret
        # A base_url of its OpenAI endpoint means the same server.
        self._url = server.base_url.rstrip("/").removesuffix("/v1")
        self._loaded: dict[str, Instance] = {}
        self._kinds: dict[str, Kind] = {}
        self._sdk = LMStudioSdk(server.name, link, LOAD_LIMIT_S) if link else None
        self._loading = anyio.Lock()
        self.load_times_s: dict[str, float] = {}

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """See `core.ports.Provider.discover`."""
        try:
            # The limits inside bound each silence; a server that trickles is bounded here.
            with anyio.fail_after(DISCOVERY_S):
                found = await self._list()
        except TimeoutError:
            return self._status("it did not answer in time"), ()
        except ProviderFailed as error:
            return self._status(error.message), ()
        return self._status("", len(found)), tuple(found)

    def _status(self, why: str, models: int = 0) -> EngineStatus:
        zone = self._server.zone
        return EngineStatus(self.name, self.kind, zone, self._url, not why, models, why)

    async def _list(self) -> list[Candidate]:
        try:
            told = await self._call("GET", "/api/v1/models")
        except ProviderFailed as error:
            if error.status != 404 or self._sdk is None:
                raise
            # Before 0.4.0; its SDK is as good a witness.
            told = {"models": await self._sdk.models()}
        items = [item for item in told.get("models") or () if isinstance(item, Mapping)]
        kinds = ("llm", "embedding")
        known = [item for item in items if item.get("type") in kinds and item.get("key")]
        self._loaded = {
            str(item["key"]): instance for item in known if (instance := _instance(item))
        }
        self._kinds = {str(item["key"]): item["type"] for item in known}
        return [self._candidate(item) for item in known]

    def _candidate(self, item: Mapping[str, Any]) -> Candidate:
        model, able = str(item["key"]), item.get("capabilities")
        able = able if isinstance(able, Mapping) else {}
        quantised = item.get("quantization")
        size, loaded = _whole(item.get("size_bytes")), self._loaded.get(model)
        size_b = abilities.size_from_name(str(item.get("params_string") or "")) or (
            abilities.size_from_name(model)
        )
        guess = abilities.guess(model, size_b)
        return Candidate(
            provider=self.name,
            model=model,
            zone=self._server.zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            # What it can be loaded with; a window that is too small is loaded anew.
            context_tokens=_whole(item.get("max_context_length")),
            capabilities=Capabilities(
                tools=able.get("trained_for_tool_use") is True,
                vision=able.get("vision") is True,
                json_schema=item.get("type") != "embedding",
                fim=item.get("type") != "embedding" and fim_prompts.find(model) is not None,
                embeddings=item.get("type") == "embedding",
                thinking=bool(able.get("reasoning")),
            ),
            warm=loaded is not None,
            load_s=self.load_times_s.get(model) or size / LOAD_BYTES_PER_S,
            parameters_b=size_b,
            quantisation=str(quantised.get("name") or "") if isinstance(quantised, Mapping) else "",
            size_bytes=size,
            loaded_tokens=loaded.context_tokens if loaded else 0,
        )

    async def _call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        body: Mapping[str, Any] | None = None,
        wait_s: float = 0,
    ) -> dict[str, Any]:
        wait_s = wait_s or DISCOVERY_S
        sent = strict_json.dumps(body) if body is not None else b""
        async with self._outbound.send(
            method,
            f"{self._url}{path}",
            await self._headers(),
            sent,
            first_byte_s=wait_s,
            idle_s=wait_s,
        ) as reply:
            await failures.check(reply, self.name, "application/json")
            data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, self.name)
            return strict_json.backend_object(data)

    async def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json"}
        if self._secret and (
            key := await anyio.to_thread.run_sync(self._secret, abandon_on_cancel=True)
        ):
            headers["authorization"] = f"Bearer {key}"
        return headers

    async def load(self, model: str, context_tokens: int) -> float:
        """Load a model with a window; return the seconds it took. Raises: ProviderFailed.

        By way of the SDK it leaves again after `TTL_S` without a request; REST has no word for that.
        """
        if self._sdk is not None:
            try:
                identity, window, took_s = await self._sdk.load(
                    model, self._kinds.get(model, "llm"), context_tokens, TTL_S
                )
            except NoLink as error:
                _log.warning("%s; it is asked by REST", error)
            else:
                self._loaded[model] = Instance(identity, window)
                self.load_times_s[model] = took_s
                return took_s
        return await self._load_by_rest(model, context_tokens)

    async def _load_by_rest(self, model: str, context_tokens: int) -> float:
        began_s = time.monotonic()
        body: dict[str, Any] = {"model": model, "echo_load_config": True}
        if context_tokens:
            body["context_length"] = context_tokens
        told = await self._call("POST", "/api/v1/models/load", body, LOAD_LIMIT_S)
        config = told.get("load_config")
        window = config.get("context_length") if isinstance(config, Mapping) else context_tokens
        identity = str(told.get("instance_id") or model)
        self._loaded[model] = Instance(identity, _whole(window) or context_tokens)
        took_s = told.get("load_time_seconds")
        took_s = float(took_s) if isinstance(took_s, int | float) else time.monotonic() - began_s
        self.load_times_s[model] = took_s
        return took_s

    async def unload(self, model: str) -> bool:
        """Free a model's memory; False where it isn't loaded. Raises: ProviderFailed."""
        instance = self._loaded.pop(model, None)
        if instance is None:
            return False
        if self._sdk is not None:
            try:
                await self._sdk.unload(instance.id, self._kinds.get(model, "llm"))
            except NoLink as error:
                _log.warning("%s; it is asked by REST", error)
            else:
                return True
        await self._call("POST", "/api/v1/models/unload", {"instance_id": instance.id})
        return True

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector a text. Raises: ProviderFailed."""
        body = embeddings.encode_request(request, candidate.model)
        told = await self._call("POST", "/v1/embeddings", body, self._timeouts.whole_answer_s)
        return embeddings.decode_answer(told)

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""
        async with aclosing(self._ready(request, candidate)) as steps:
            async for step in steps:
                yield step
        instance = self._loaded.get(candidate.model)
        identity = instance.id if instance else candidate.model
        path, body, read, native = _asked(request, candidate.model, identity)
        streamed, limits = request.wants_stream, self._timeouts
        async with self._outbound.send(
            "POST",
            f"{self._url}{path}",
            await self._headers(),
            body,
            first_byte_s=limits.first_token_s if streamed else limits.whole_answer_s,
            idle_s=limits.idle_s if streamed else limits.whole_answer_s,
        ) as reply:
            kind = "text/event-stream" if streamed else "application/json"
            await failures.check(reply, self.name, kind)
            if not streamed:
                for chunk in await chat_answer.whole(reply, self.name, read, native=native):
                    yield chunk
                return
            answer = chat_answer.streamed(reply, self.name, read, native=native)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _holds(self, model: str, needed_tokens: int) -> bool:
        """Whether the model is loaded with a window that is large enough, or of unknown size."""
        there = self._loaded.get(model)
        return there is not None and (
            not there.context_tokens or there.context_tokens >= needed_tokens
        )

    async def _ready(self, request: Request, candidate: Candidate) -> AsyncGenerator[Progress]:
        """Load the model where it isn't, or with a larger window where the one it has is too small.

        Its server would load it by itself, but with a window of its own choice, and cut what does
        not fit.
        """
        needed = needed_tokens(request)
        most = candidate.context_tokens
        if most and needed > most:
            raise ProviderFailed(
                f"the request needs about {needed} tokens, {candidate.model} takes {most}",
                "rejected",
                status=413,
            )
        if self._holds(candidate.model, needed):
            return
        async with self._loading:
            if self._holds(candidate.model, needed):
                return
            there = self._loaded.get(candidate.model)
            window = window_for(needed, 0, most)
            yield Progress(f"loading {candidate.model}, about {candidate.load_s:.0f} s")
            try:
                if there is not None:
                    await self.unload(candidate.model)
                await self.load(candidate.model, window)
            except ProviderFailed as error:
                if self._is_old(error):
                    return  # one before 0.4.0 loads by itself, at the first request
                # Another model may be there, or smaller.
                raise ProviderFailed(
                    f"{self.name} could not load {candidate.model} with {window} tokens of context",
                    "died" if error.kind == "rejected" else error.kind,
                    said=error.message,
                ) from error

    def _is_old(self, error: ProviderFailed) -> bool:
        return error.status == 404 and self._sdk is None


def _asked(
    request: Request, model: str, identity: str
) -> tuple[str, bytes, chat_answer.Normalise, bool]:
    """Return path and body of a request, how its answer is read, and whether its bytes go on."""
    fim = fim_prompts.find(model)
    if request.suffix is None or fim is None:
        native = request.dialect == DIALECT and bool(request.raw)
        body = chat_body(request, identity, lambda asked: {"ttl": TTL_S, **asked})
        return "/v1/chat/completions", body, chat_answer.as_it_is, native
    told = {"ttl": TTL_S, **fim_prompts.completion_body(request, fim), "model": identity}
    if request.wants_stream:
        told |= {"stream": True, "stream_options": {"include_usage": True}}
    return "/v1/completions", strict_json.dumps(told), chat_answer.from_text, False


def _instance(item: Mapping[str, Any]) -> Instance | None:
    """Return the instance with the largest window, None where none is loaded."""
    instances = [
        Instance(str(one["id"]), _whole(one.get("config", {}).get("context_length")))
        for one in item.get("loaded_instances") or ()
        if isinstance(one, Mapping) and one.get("id")
    ]
    return max(instances, key=lambda one: one.context_tokens, default=None)


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

"""Ollama through its own SDK and native chat, so that the context window is ours to set."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio

from routerd.core.candidate import Candidate, Capabilities, Zone
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.request import Request
from routerd.core.response import Chunk, Native, Progress, TextDelta, ToolCallDelta
from routerd.core.status import EngineStatus
from routerd.dialects import embeddings, sse, strict_json
from routerd.policy import abilities, windows
from routerd.providers import failures, ollama_wire

if TYPE_CHECKING:
    import ollama

# The client dialect whose bytes it takes as they are.
DIALECT = "ollama"
DISCOVERY_S = 5.0
# A cold model is read from disk: about 1 GB/s on a laptop, 0.6 GB per billion parameters at Q4.
LOAD_S_PER_B = 0.6
# A loaded model says some milliseconds; only a real load is worth remembering.
SHORTEST_LOAD_NS = 300_000_000
# A model that Ollama runs on its own servers is a stub of some hundred bytes here.
SMALLEST_WEIGHTS_BYTES = 1_000_000


class OllamaProvider:
    """One Ollama server. `transport` carries all its bytes (`network.sdk_transport`)."""

    kind = "ollama"

    def __init__(
        self, name: str, base_url: str, zone: Zone, make_transport: Callable[[], Any]
    ) -> None:
        self.name = name
        self._base_url = base_url
        self._zone = zone
        self._make_transport = make_transport
        self._sdk: ollama.AsyncClient | None = None
        self._shown: dict[str, ollama.ShowResponse] = {}
        self._windows: dict[str, int] = {}
        self._load_s: dict[str, float] = {}

    async def _client(self) -> "ollama.AsyncClient":
        if self._sdk is None:
            # 0.4 s and 30 MB to import: only once somebody has, or looks for, an Ollama server.
            module = await anyio.to_thread.run_sync(_import_sdk)
            self._sdk = module.AsyncClient(
                host=self._base_url,
                follow_redirects=False,
                trust_env=False,
                transport=self._make_transport(),
            )
        return self._sdk

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        """See `core.ports.Provider.discover`."""
        try:
            with anyio.fail_after(DISCOVERY_S):
                candidates = await self._look()
        except TimeoutError:
            return self._status(up=False, models=0, detail="it did not answer in time"), ()
        except Exception as error:  # noqa: BLE001  # the SDK raises whatever the server provokes
            failure = _mapped(error, self.name)
            return self._status(up=False, models=0, detail=failure.message), ()
        return self._status(up=True, models=len(candidates)), candidates

    async def _look(self) -> tuple[Candidate, ...]:
        client = await self._client()
        listed = (await client.list()).models
        loaded = {item.model: item.context_length or 0 for item in (await client.ps()).models}
        self._windows = {name: window for name, window in loaded.items() if name}
        return tuple(
            [
                candidate
                for item in listed
                if item.model
                and (candidate := await self._found(client, item, warm=item.model in loaded))
            ]
        )

    async def _found(
        self, client: "ollama.AsyncClient", item: "ollama.ListResponse.Model", *, warm: bool
    ) -> Candidate | None:
        """Return the listed model as a candidate, None where it is none for chat."""
        if _runs_elsewhere(item):
            # Not asked for details: Ollama would ask its own servers, also when we are offline.
            elsewhere = self._candidate(item, {"completion", "tools"}, 0)
            return replace(elsewhere, zone="cloud", warm=True, load_s=0.0)
        key = f"{item.model}@{item.digest}"
        try:
            if key not in self._shown:
                self._shown[key] = await client.show(item.model or "")
        except Exception as error:
            failure = _mapped(error, self.name)
            if failure.status is None:
                raise
            # One broken or just removed model must not hide the others.
            broken = self._candidate(item, set(), 0)
            return replace(broken, usable=False, unusable_reason=failure.message)
        shown = self._shown[key]
        able = set(shown.capabilities or ())
        if "completion" not in able and "embedding" not in able:
            return None
        trained = [v for k, v in (shown.modelinfo or {}).items() if k.endswith(".context_length")]
        return replace(self._candidate(item, able, int(trained[0]) if trained else 0), warm=warm)

    def _candidate(
        self, item: "ollama.ListResponse.Model", able: set[str], context_tokens: int
    ) -> Candidate:
        model, details = item.model or "", item.details
        size_b = abilities.size_from_name((details and details.parameter_size) or "")
        size_b = size_b or abilities.size_from_name(model)
        guess = abilities.guess(model, size_b)
        return Candidate(
            provider=self.name,
            model=model,
            zone=self._zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            context_tokens=context_tokens,
            capabilities=Capabilities(
                tools="tools" in able,
                vision="vision" in able,
                json_schema="embedding" not in able,
                fim="insert" in able,
                thinking="thinking" in able,
                embeddings="embedding" in able and "completion" not in able,
            ),
            speaks=(DIALECT,),
            embeds_by_name="completion" in able and self._zone != "cloud",
            load_s=self._load_s.get(model) or size_b * LOAD_S_PER_B,
            size_bytes=item.size or 0,
            loaded_tokens=self._windows.get(model, 0),
            parameters_b=size_b,
            quantisation=(details and details.quantization_level) or "",
        )

    def _status(self, *, up: bool, models: int, detail: str = "") -> EngineStatus:
        return EngineStatus(self.name, self.kind, self._zone, self._base_url, up, models, detail)

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""
        if not candidate.warm and candidate.load_s:
            yield Progress(f"loading {candidate.model}, about {candidate.load_s:.0f} s")
        window, said = self._window(request, candidate), False
        answer = self._fill if request.suffix is not None else self._chat
        try:
            async with aclosing(answer(request, candidate, window)) as chunks:
                async for chunk in chunks:
                    said = True
                    yield chunk
            return
        except ProviderFailed as failure:
            largest = candidate.context_tokens
            if said or failure.kind != "rejected" or "context" not in failure.said:
                raise
            if not largest or window >= largest:
                raise
        # The estimate was too small (another script, a tokenizer of its own): all it was made for.
        async with aclosing(answer(request, candidate, largest)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _chat(
        self, request: Request, candidate: Candidate, window: int
    ) -> AsyncGenerator[Chunk]:
        native = request.dialect == DIALECT and bool(request.raw)
        if native:
            wire = ollama_wire.passed_on(request, candidate, window)
        else:
            wire = strict_json.dumps(ollama_wire.encode_request(request, candidate, window))
        calls = 0
        # Not `client.chat`: it would open image data that happens to be a path, and cut tool
        # schemas down to the few keywords it knows (ollama 0.6.3).
        async with aclosing(self._lines("ChatResponse", "/api/chat", wire)) as parts:
            async for line, part in parts:
                self._windows[candidate.model] = window
                if native:
                    yield Native(line)
                for chunk in ollama_wire.decode_message(part.message, calls):
                    calls += isinstance(chunk, ToolCallDelta)
                    yield chunk
                if part.done:
                    self._learn(candidate.model, part.load_duration)
                    yield ollama_wire.decode_finish(part, called=calls > 0)
                    return
        raise ProviderFailed(f"{self.name} ended without saying that it was done", "died")

    async def _lines(self, kind: str, path: str, body: bytes) -> AsyncGenerator[tuple[bytes, Any]]:
        """Yield the lines of an answer, each with what it says. Raises: ProviderFailed."""
        client = await self._client()
        module = _import_sdk()
        # Not the SDK's own reading: it gives no bytes, and takes U+0085 for the end of a line.
        lines = sse.LineSplitter(universal=False)
        try:
            async with client._client.stream("POST", path, content=body) as reply:
                if not reply.is_success:
                    text = await failures.read_all(
                        reply.aiter_raw(), failures.MAX_ERROR_BYTES, self.name
                    )
                    raise module.ResponseError(text.decode("utf-8", "replace"), reply.status_code)
                async for data in reply.aiter_raw():
                    for line in filter(bytes.strip, lines.feed(data)):
                        yield line, _said(module, kind, line)
            # The one object of an answer that is not streamed has no end of line.
            if lines.rest.strip():
                yield lines.rest, _said(module, kind, lines.rest)
        except Exception as error:
            raise _mapped(error, self.name) from error

    def _learn(self, model: str, load_ns: int | None) -> None:
        """Remember how long a load took; a warm model says some milliseconds."""
        if load_ns and load_ns > SHORTEST_LOAD_NS:
            self._load_s[model] = load_ns / 1e9

    def _window(self, request: Request, candidate: Candidate) -> int:
        """Return the window to ask for. Raises: ProviderFailed where none is large enough."""
        needed, most = windows.needed_tokens(request), candidate.context_tokens
        given = windows.input_tokens(request)
        if most and given >= most and candidate.zone != "cloud":
            raise ProviderFailed(
                f"the request has about {given} tokens, {candidate.model} takes {most}",
                "rejected",
                status=413,
            )
        return windows.window_for(needed, self._windows.get(candidate.model, 0), most)

    async def _fill(
        self, request: Request, candidate: Candidate, window: int
    ) -> AsyncGenerator[Chunk]:
        """Fill the gap between prefix and suffix; the model's own template says where it is."""
        wire = strict_json.dumps(ollama_wire.encode_fill(request, candidate.model, window))
        async with aclosing(self._lines("GenerateResponse", "/api/generate", wire)) as parts:
            async for _, part in parts:
                self._windows[candidate.model] = window
                if part.response:
                    yield TextDelta(part.response)
                if part.done:
                    self._learn(candidate.model, part.load_duration)
                    yield ollama_wire.decode_finish(part, called=False)
                    return
        raise ProviderFailed(f"{self.name} ended without saying that it was done", "died")

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector a text; one that is too long is refused, not cut.

        Raises: ProviderFailed.
        """
        client = await self._client()
        try:
            told = await client.embed(
                model=candidate.model,
                input=list(request.texts),
                truncate=False,
                dimensions=request.dimensions,
            )
        except Exception as error:
            raise _mapped(error, self.name) from error
        vectors = tuple(embeddings.pack(list(vector)) for vector in told.embeddings)
        counted = -1 if told.prompt_eval_count is None else told.prompt_eval_count
        return EmbeddingAnswer(candidate.model, vectors, counted)

    async def unload(self, model: str) -> bool:
        """See `core.ports.Unloads.unload`."""
        if self._windows.pop(model, None) is None:
            return False
        client = await self._client()
        try:
            await client.generate(model=model, keep_alive=0)
        except Exception as error:
            raise _mapped(error, self.name) from error
        return True

    async def pull(self, model: str) -> AsyncGenerator[tuple[str, int, int]]:
        """Let the server download a model; yield (what it does, bytes done, bytes in all).

        Raises: ProviderFailed.
        """
        body = strict_json.dumps({"model": model, "stream": True})
        done = False
        async with aclosing(self._lines("ProgressResponse", "/api/pull", body)) as parts:
            async for _, part in parts:
                done = part.status == "success"
                yield part.status or "", part.completed or 0, part.total or 0
        if not done:
            raise ProviderFailed(f"{self.name} ended without saying that it was done", "died")


def _import_sdk() -> Any:
    import ollama

    return ollama


def _said(module: Any, kind: str, line: bytes) -> Any:
    """Return a line's object as the SDK has it. Raises: ResponseError, ValueError, AttributeError."""
    obj = strict_json.loads(line)
    if error := obj.get("error"):
        raise module.ResponseError(str(error))
    return getattr(module, kind)(**obj)


def _runs_elsewhere(item: "ollama.ListResponse.Model") -> bool:
    """Whether Ollama passes the model on to its own servers.

    Its tag says so, unless the user gave it another name; then it is known by having no weights
    here. A doubt counts as yes: a prompt must not leave the machine by mistake.
    """
    tag = (item.model or "").rpartition(":")[2]
    here = item.details is not None and item.details.format and item.size is not None
    return (
        tag == "cloud"
        or tag.endswith("-cloud")
        or not here
        or (item.size or 0) < SMALLEST_WEIGHTS_BYTES
    )


def _mapped(error: Exception, who: str) -> ProviderFailed:
    """Turn what the SDK raises into one of ours; its texts come from the server."""
    if isinstance(error, ProviderFailed):
        return error
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        text = " ".join(str(getattr(error, "error", "")).split())[:300]
        # An error line inside a 200 stream carries status -1.
        if status < 0:
            return ProviderFailed(f"{who} failed", "died", said=text)
        return failures.from_status(who, status, text)
    # What the SDK's parsing raises for a line that is no JSON, no object, or of another shape.
    if isinstance(error, ValueError | TypeError | AttributeError):
        return ProviderFailed(f"{who} sent an answer that makes no sense", "protocol")
    return ProviderFailed(f"{who} failed: {type(error).__name__}", "died")

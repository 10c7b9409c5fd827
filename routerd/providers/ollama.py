"""Ollama through its own SDK and native chat, so that the context window is ours to set."""

from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

import anyio

from routerd.core.candidate import Candidate, Capabilities, Zone
from routerd.core.errors import ProviderFailed
from routerd.core.request import Image, Message, Request, Text, Thinking, ToolCall, ToolResult
from routerd.core.response import (
    Chunk,
    Finish,
    Progress,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from routerd.core.status import EngineStatus
from routerd.dialects import strict_json
from routerd.policy import abilities
from routerd.providers import failures

if TYPE_CHECKING:
    import ollama

DISCOVERY_S = 5.0
# Below this a reload for a few hundred tokens would cost more than the memory it saves.
SMALLEST_WINDOW = 4096
# A cold model is read from disk: about 1 GB/s on a laptop, 0.6 GB per billion parameters at Q4.
LOAD_S_PER_B = 0.6


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
        found = []
        for item in listed:
            if not item.model:
                continue
            key = f"{item.model}@{item.digest}"
            if key not in self._shown:
                self._shown[key] = await client.show(item.model)
            candidate = self._candidate(item, self._shown[key], warm=item.model in loaded)
            if candidate is not None:
                found.append(candidate)
        return tuple(found)

    def _candidate(
        self, item: "ollama.ListResponse.Model", shown: "ollama.ShowResponse", *, warm: bool
    ) -> Candidate | None:
        able = set(shown.capabilities or ())
        if "completion" not in able:
            return None
        model = item.model or ""
        details = item.details
        size_b = abilities.size_from_name((details and details.parameter_size) or "")
        size_b = size_b or abilities.size_from_name(model)
        guess = abilities.guess(model, size_b)
        trained = [v for k, v in (shown.modelinfo or {}).items() if k.endswith(".context_length")]
        return Candidate(
            provider=self.name,
            model=model,
            # Ollama passes cloud-tagged models on to its own servers.
            zone="cloud" if _is_cloud(model) else self._zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            context_tokens=int(trained[0]) if trained else 0,
            capabilities=Capabilities(
                tools="tools" in able,
                vision="vision" in able,
                json_schema=True,
                fim="insert" in able,
                thinking="thinking" in able,
            ),
            warm=warm,
            load_s=size_b * LOAD_S_PER_B,
            parameters_b=size_b,
            quantisation=(details and details.quantization_level) or "",
        )

    def _status(self, *, up: bool, models: int, detail: str = "") -> EngineStatus:
        return EngineStatus(self.name, self.kind, self._zone, self._base_url, up, models, detail)

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        """See `core.ports.Provider.stream`."""
        client = await self._client()
        if not candidate.warm and candidate.load_s:
            yield Progress(f"loading {candidate.model}, about {candidate.load_s:.0f} s")
        calls = 0
        try:
            answer = await client.chat(
                model=candidate.model,
                messages=[_message(message) for message in _split(request.messages)],
                tools=[_tool(tool) for tool in request.tools] or None,
                format=_format(request),
                options=self._options(request, candidate),
                stream=True,
            )
            async for part in answer:
                for chunk in _chunks(part.message, calls):
                    calls += isinstance(chunk, ToolCallDelta)
                    yield chunk
                if part.done:
                    yield _finish(part, called=calls > 0)
                    return
        except Exception as error:
            raise _mapped(error, self.name) from error
        raise ProviderFailed(f"{self.name} ended without saying that it was done", "died")

    def _options(self, request: Request, candidate: Candidate) -> dict[str, Any]:
        limits = request.limits
        needed = request.estimated_tokens + (limits.max_output_tokens or 1024)
        window = window_for(needed, self._windows.get(candidate.model, 0), candidate.context_tokens)
        options: dict[str, Any] = {
            "num_ctx": window,
            "num_predict": limits.max_output_tokens,
            "temperature": limits.temperature,
            "top_p": limits.top_p,
            "seed": limits.seed,
            "stop": list(limits.stop) or None,
        }
        return {name: value for name, value in options.items() if value is not None}


def window_for(needed_tokens: int, loaded_tokens: int, trained_tokens: int) -> int:
    """Return the num_ctx to ask for.

    The loaded window if it is large enough (another would reload the model), else the next
    doubling of `SMALLEST_WINDOW`, never more than the model was trained for.
    """
    if loaded_tokens >= needed_tokens:
        return loaded_tokens
    window = SMALLEST_WINDOW
    while window < needed_tokens:
        window *= 2
    return min(window, trained_tokens) if trained_tokens else window


def _import_sdk() -> Any:
    import ollama

    return ollama


def _is_cloud(model: str) -> bool:
    tag = model.rpartition(":")[2]
    return tag == "cloud" or tag.endswith("-cloud")


def _split(messages: tuple[Message, ...]) -> list[Message]:
    """Give every tool result a message of its own, as Ollama's wire format has it."""
    flat: list[Message] = []
    for message in messages:
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        flat += [Message("tool", (part,)) for part in results]
        rest = tuple(part for part in message.parts if not isinstance(part, ToolResult))
        if rest or not results:
            flat.append(Message(message.role, rest))
    return flat


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.text}
    for part in message.parts:
        match part:
            case Image(data=data):
                wire.setdefault("images", []).append(data)
            case Thinking(text=text):
                wire["thinking"] = text
            case ToolCall(name=name, arguments=arguments):
                values = strict_json.request_object((arguments or "{}").encode())
                call = {"function": {"name": name, "arguments": values}}
                wire.setdefault("tool_calls", []).append(call)
            case ToolResult(text=text):
                wire["content"] = text
            case Text():
                continue
    return wire


def _tool(tool: Any) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.schema)}
    return {"type": "function", "function": function}


def _format(request: Request) -> Any:
    wanted = request.response_format
    if wanted.kind == "json_schema":
        return dict(wanted.schema or {})
    return "json" if wanted.kind == "json_object" else None


def _chunks(message: Any, calls: int) -> list[Chunk]:
    chunks: list[Chunk] = []
    if message.thinking:
        chunks.append(ThinkingDelta(message.thinking))
    if message.content:
        chunks.append(TextDelta(message.content))
    for call in message.tool_calls or ():
        arguments = strict_json.dumps(dict(call.function.arguments)).decode()
        index = calls + len([chunk for chunk in chunks if isinstance(chunk, ToolCallDelta)])
        chunks.append(ToolCallDelta(index, f"call_{index}", call.function.name, arguments))
    return chunks


def _finish(part: Any, *, called: bool) -> Finish:
    usage = Usage(
        -1 if part.prompt_eval_count is None else part.prompt_eval_count,
        -1 if part.eval_count is None else part.eval_count,
    )
    if called:
        return Finish("tool_calls", usage)
    # "load" and "unload" end an empty request; anything unknown is an ordinary end.
    return Finish("length" if part.done_reason == "length" else "stop", usage)


def _mapped(error: Exception, who: str) -> ProviderFailed:
    """Turn what the SDK raises into one of ours; its texts come from the server."""
    if isinstance(error, ProviderFailed):
        return error
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        text = " ".join(str(getattr(error, "error", "")).split())[:300]
        # An error line inside a 200 stream carries status -1.
        if status < 0:
            return ProviderFailed(f"{who} failed: {text}", "died")
        return failures.from_status(who, status, text)
    if isinstance(error, ValueError):
        return ProviderFailed(f"{who} sent an answer that makes no sense", "protocol")
    return ProviderFailed(f"{who} failed: {type(error).__name__}", "died")

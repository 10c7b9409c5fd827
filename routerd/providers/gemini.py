"""Google's Gemini models, through generateContent."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import quote

from typing_extensions import override

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Timeouts
from routerd.core.embedding import EmbeddingAnswer, EmbeddingRequest
from routerd.core.errors import ProviderFailed
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.dialects import embeddings, sse, strict_json
from routerd.policy import abilities
from routerd.providers import failures, gemini_wire
from routerd.providers.cloud import MAX_PAGES, Account, CloudProvider, Secret

# Clients that drop what they don't know lose the signature of a tool call and send the call back
# without it; so many are remembered here, in memory only.
SIGNATURES_KEPT = 2048
# More texts at once are refused.
MOST_TEXTS = 100


class GeminiProvider(CloudProvider):
    """Answers are always streamed from there: a broken one shows at once, whatever the client."""

    kind = "gemini"

    def __init__(
        self, account: Account, outbound: Outbound, timeouts: Timeouts, secret: Secret
    ) -> None:
        super().__init__(account, outbound, timeouts, secret)
        self._signed: OrderedDict[str, str] = OrderedDict()

    @override
    def headers(self, key: str) -> dict[str, str]:
        # Never in the address, where logs and proxies would see it.
        return {"x-goog-api-key": key}

    @override
    async def list_models(self) -> list[Candidate]:
        found: list[Candidate] = []
        path = "/v1beta/models?pageSize=1000"
        for _ in range(MAX_PAGES):
            page = await self.get(path)
            items = page.get("models")
            if not isinstance(items, list):
                raise ProviderFailed(f"{self.name} lists no models", "protocol")
            found += [self._candidate(item) for item in items if _can(item)]
            token = page.get("nextPageToken")
            if not isinstance(token, str) or not token:
                break
            path = f"/v1beta/models?pageSize=1000&pageToken={quote(token, safe='')}"
        return found

    def _candidate(self, item: Mapping[str, Any]) -> Candidate:
        model = str(item["name"]).removeprefix("models/")
        guess = abilities.guess(model)
        chats = "generateContent" in item["supportedGenerationMethods"]
        thinks = item.get("thinking") is True
        able = Capabilities(tools=True, vision=True, json_schema=True, thinking=thinks)
        return Candidate(
            provider=self.name,
            model=model,
            zone=self.account.zone,
            ability=guess.ability,
            ability_sd=guess.sd,
            context_tokens=_whole(item.get("inputTokenLimit")),
            max_output_tokens=_whole(item.get("outputTokenLimit")),
            capabilities=able if chats else Capabilities(embeddings=True),
            warm=True,
        )

    @override
    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        thinks = candidate.capabilities.thinking
        body = gemini_wire.encode_request(request, self._signed, thinks=thinks)
        config, most = body.get("generationConfig", {}), candidate.max_output_tokens
        if most and config.get("maxOutputTokens", 0) > most:
            config["maxOutputTokens"] = most
        model = quote(candidate.model, safe="")
        parser, decoder = sse.EventParser(), gemini_wire.StreamDecoder()
        path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"
        async with self.post(path, strict_json.dumps(body)) as reply:
            async for data in reply.body:
                for event in parser.feed(data):
                    for chunk in decoder.feed(strict_json.backend_object(event.data)):
                        yield chunk
        if parser.unfinished:
            raise ProviderFailed(f"{self.name} ended in the middle of an event", "died")
        self._remember(decoder.signed)
        yield decoder.finish()

    async def embed(self, request: EmbeddingRequest, candidate: Candidate) -> EmbeddingAnswer:
        """Return one vector a text. Raises: ProviderFailed."""
        size = {} if request.dimensions is None else {"outputDimensionality": request.dimensions}
        name = f"models/{candidate.model}"
        asked = [
            {"model": name, "content": {"parts": [{"text": text}]}, **size}
            for text in request.texts
        ]
        path = f"/v1beta/models/{quote(candidate.model, safe='')}:batchEmbedContents"
        found: list[Any] = []
        for start in range(0, len(asked), MOST_TEXTS):
            some = strict_json.dumps({"requests": asked[start : start + MOST_TEXTS]})
            async with self.post(path, some, streamed=False) as reply:
                data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, self.name)
            told = strict_json.backend_object(data).get("embeddings")
            found += told if isinstance(told, list) else []
        values = [item.get("values") if isinstance(item, Mapping) else None for item in found]
        # In the form that one decoder reads and checks for all.
        plain = [{"index": i, "embedding": vector} for i, vector in enumerate(values)]
        return embeddings.decode_answer({"data": plain})

    def _remember(self, signed: Mapping[str, str]) -> None:
        self._signed.update(signed)
        while len(self._signed) > SIGNATURES_KEPT:
            self._signed.popitem(last=False)


def _can(item: Any) -> bool:
    """Whether it is a model that answers or makes embeddings."""
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        return False
    methods = item.get("supportedGenerationMethods")
    return isinstance(methods, list) and bool({"generateContent", "embedContent"} & set(methods))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0

"""OpenAI's models: Responses for those that reason, chat completions for the others."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from typing_extensions import override

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.config import Timeouts
from routerd.core.ports import Outbound
from routerd.core.request import Request
from routerd.core.response import Chunk
from routerd.dialects import strict_json
from routerd.providers import native_events, responses_wire
from routerd.providers.chat_vendor import DIALECT, ChatVendorProvider, beta
from routerd.providers.cloud import Account, Secret
from routerd.providers.vendors import Vendor, without

RESPONSES = "openai_responses"
# The listing says nothing but names, so names have to tell.
_REASONS = re.compile(r"^(o\d|gpt-(?:[5-9]|\d\d)(?!.*-chat)|codex)")
_ONLY_RESPONSES = re.compile(r"codex|-pro(-|$)|deep-research|computer-use")
_NOT_FOR_TEXT = re.compile(
    r"^(dall-e|sora|babbage|davinci|gpt-3\.5-turbo-instruct)|realtime|search"
)
_SEES = re.compile(r"^(gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-[5-9]|o1|o3|o4)(?!-mini-\d.*audio)")
_REFUSED_BY_REASONING = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "stop",
)


def reasons(model: str) -> bool:
    """Whether a model reasons before it answers; such models refuse what tunes sampling."""
    return _REASONS.search(model) is not None


def prepare(body: dict[str, Any]) -> dict[str, Any]:
    """Return a chat body in the words its model knows."""
    if not reasons(str(body.get("model"))):
        return body
    made = without(body, *_REFUSED_BY_REASONING, "max_tokens")
    if body.get("max_tokens") is not None:
        made.setdefault("max_completion_tokens", body["max_tokens"])
    return made


def _describe(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    if _NOT_FOR_TEXT.search(blank.model):
        return None
    able = Capabilities(
        tools=True,
        vision=_SEES.search(blank.model) is not None,
        json_schema=True,
        thinking=reasons(blank.model),
    )
    return replace(blank, capabilities=able, speaks=(DIALECT, RESPONSES))


class OpenAIProvider(ChatVendorProvider):
    """OpenAI's own API."""

    def __init__(
        self, account: Account, outbound: Outbound, timeouts: Timeouts, secret: Secret
    ) -> None:
        vendor = Vendor("openai", prepare, describe=_describe)
        super().__init__(vendor, account, outbound, timeouts, secret)

    @override
    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        way = self._responses if _by_responses(request, candidate.model) else super().stream
        async with aclosing(way(request, candidate)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _responses(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        streamed = request.wants_stream
        native = request.dialect == RESPONSES and bool(request.raw)
        body = _responses_body(request, candidate.model, native=native)
        more = beta(request) if native else {}
        decoder = responses_wire.ResponsesDecoder()
        async with self.post("/responses", body, streamed=streamed, more=more) as reply:
            said = native_events.answer(reply, self.name, decoder, streamed=streamed, native=native)
            async with aclosing(said) as chunks:
                async for chunk in chunks:
                    yield chunk


def _responses_body(request: Request, model: str, *, native: bool) -> bytes:
    stream = request.wants_stream
    if native:
        return responses_wire.passed_on(request.raw, model, stream=stream, reasons=reasons(model))
    return strict_json.dumps(
        responses_wire.encode_request(request, model, stream=stream, reasons=reasons(model))
    )


def _by_responses(request: Request, model: str) -> bool:
    """Whether to ask by Responses: where the client does, where the model knows nothing else,
    and for reasoning unless the client's own chat body can be passed on."""
    if request.raw and request.dialect in (DIALECT, RESPONSES):
        return request.dialect == RESPONSES or _ONLY_RESPONSES.search(model) is not None
    return reasons(model) or _ONLY_RESPONSES.search(model) is not None

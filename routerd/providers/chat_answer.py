"""Reads an answer in OpenAI's chat format from a reply, streamed or whole."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.core.response import Chunk, Native
from routerd.dialects import openai_chat, sse, strict_json
from routerd.providers import failures

Normalise = Callable[[dict[str, Any]], dict[str, Any]]


def as_it_is(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object that needs no change."""
    return obj


def from_text(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object of the older completions format, with `text`, in that of chat."""
    choices = obj.get("choices")
    if not isinstance(choices, list):
        return obj
    changed = [
        {**choice, "delta": {"content": choice["text"]}}
        if isinstance(choice, dict) and isinstance(choice.get("text"), str)
        else choice
        for choice in choices
    ]
    return {**obj, "choices": changed}


async def whole(
    reply: Reply, who: str, normalise: Normalise = as_it_is, *, native: bool = False
) -> tuple[Chunk, ...]:
    """Return the chunks of an answer that was not streamed; `native` puts its bytes first.

    Raises: ProviderFailed.
    """
    data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, who)
    told = strict_json.backend_object(data)
    obj = normalise(told)
    chunks = openai_chat.decode_response(obj)
    return (_native(data, told, obj), *chunks) if native else chunks


def _native(data: bytes, told: dict[str, Any], obj: dict[str, Any], name: str = "") -> Native:
    """Return the backend's bytes; what its vendor says in a way of its own is put right."""
    return Native(data if obj == told else strict_json.dumps(obj), name)


async def streamed(
    reply: Reply, who: str, normalise: Normalise = as_it_is, *, native: bool = False
) -> AsyncGenerator[Chunk]:
    """Yield the chunks of a stream, the last one Finish; `native` puts each event's bytes before.

    Raises: ProviderFailed.
    """
    parser, decoder = sse.EventParser(), openai_chat.ChunkDecoder()
    # What comes before the first word of an answer (a role, say) waits for it: once something
    # has gone to the client, no other model can be asked.
    held: list[Chunk] = []
    async for data in reply.body:
        for event in parser.feed(data):
            if event.data == b"[DONE]":
                yield decoder.finish()
                return
            told = strict_json.backend_object(event.data)
            obj = normalise(told)
            chunks = decoder.feed(obj)
            if native:
                held.append(_native(event.data, told, obj, event.name))
            held += chunks
            if chunks or decoder.ended:
                for chunk in held:
                    yield chunk
                held = []
    # Some servers never send [DONE]; a finish reason says as much. Without either, or in the
    # middle of an event, the answer is broken, however politely the connection was closed.
    if parser.unfinished:
        raise ProviderFailed(f"{who} ended in the middle of an event", "died")
    yield decoder.finish()

"""Reads an answer in OpenAI's chat format from a reply, streamed or whole."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.core.response import Chunk
from routerd.dialects import openai_chat, sse, strict_json
from routerd.providers import failures

Normalise = Callable[[dict[str, Any]], dict[str, Any]]


def as_it_is(obj: dict[str, Any]) -> dict[str, Any]:
    """Return an object that needs no change."""
    return obj


async def whole(reply: Reply, who: str, normalise: Normalise = as_it_is) -> tuple[Chunk, ...]:
    """Return the chunks of an answer that was not streamed. Raises: ProviderFailed."""
    data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, who)
    return openai_chat.decode_response(normalise(strict_json.backend_object(data)))


async def streamed(
    reply: Reply, who: str, normalise: Normalise = as_it_is
) -> AsyncGenerator[Chunk]:
    """Yield the chunks of a stream, the last one Finish. Raises: ProviderFailed."""
    parser, decoder = sse.EventParser(), openai_chat.ChunkDecoder()
    async for data in reply.body:
        for event in parser.feed(data):
            if event.data == b"[DONE]":
                yield decoder.finish()
                return
            for chunk in decoder.feed(normalise(strict_json.backend_object(event.data))):
                yield chunk
    # Some servers never send [DONE]; a finish reason says as much. Without either, or in the
    # middle of an event, the answer is broken, however politely the connection was closed.
    if parser.unfinished:
        raise ProviderFailed(f"{who} ended in the middle of an event", "died")
    yield decoder.finish()


def embeddings(told: Mapping[str, Any], wanted: int, who: str) -> list[list[float]]:
    """Return the vectors of an embeddings answer, in order. Raises: ProviderFailed."""
    listed = told.get("data")
    items = (
        [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    )
    items.sort(key=_place)
    vectors = [item.get("embedding") for item in items]
    found = [[float(x) for x in vector] for vector in vectors if isinstance(vector, list)]
    if len(found) != wanted:
        raise ProviderFailed(f"{who} sent {len(found)} vectors for {wanted} texts", "protocol")
    return found


def _place(item: Mapping[str, Any]) -> int:
    place = item.get("index")
    return place if isinstance(place, int) else 0

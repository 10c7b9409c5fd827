"""Reads a stream of named events, with the backend's bytes beside what they say."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.core.response import Chunk, Finish, Native
from routerd.dialects import sse, strict_json
from routerd.providers import failures

Feed = Callable[[Mapping[str, Any]], Sequence[Chunk]]


class Decoder(Protocol):
    """Reads what a backend says: event by event, or one whole answer."""

    def feed(self, event: Mapping[str, Any], /) -> Sequence[Chunk]:
        """Return what one event says."""
        ...

    def whole(self, answer: Mapping[str, Any], /) -> Sequence[Chunk]:
        """Return what a whole answer says."""
        ...


async def answer(
    reply: Reply, who: str, decoder: Decoder, *, streamed: bool, native: bool
) -> AsyncGenerator[Chunk]:
    """Yield what a reply says; `native` puts the backend's bytes before what they say.

    Raises: ProviderFailed, as `chunks_of` does, and for an answer that is too large.
    """
    if not streamed:
        data = await failures.read_all(reply.body, failures.MAX_ANSWER_BYTES, who)
        if native:
            yield Native(data)
        for chunk in decoder.whole(strict_json.backend_object(data)):
            yield chunk
        return
    async with aclosing(chunks_of(reply, who, decoder.feed, native=native)) as chunks:
        async for chunk in chunks:
            yield chunk


async def chunks_of(reply: Reply, who: str, feed: Feed, *, native: bool) -> AsyncGenerator[Chunk]:
    """Yield what `feed` reads out of each event, up to Finish; `native` puts its bytes before.

    What comes before the first word of the answer waits for it: once something has gone to the
    client, no other model can be asked.
    Raises: ProviderFailed, also for a stream that ends without Finish.
    """
    parser = sse.EventParser()
    held: list[Chunk] = []
    spoke = not native
    async for data in reply.body:
        for event in parser.feed(data):
            chunks = feed(strict_json.backend_object(event.data))
            if native:
                held.append(Native(event.data, event.name))
            held += chunks
            spoke = spoke or bool(chunks)
            if not spoke:
                continue
            for chunk in held:
                yield chunk
            held = []
            if chunks and isinstance(chunks[-1], Finish):
                return
    raise ProviderFailed(f"{who} ended without saying that it was done", "died")

"""Reads a stream of named events, with the backend's bytes beside what they say."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Reply
from routerd.core.response import Chunk, Finish, Native
from routerd.dialects import sse, strict_json

Feed = Callable[[Mapping[str, Any]], Sequence[Chunk]]


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

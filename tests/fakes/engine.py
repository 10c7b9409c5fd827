"""Asks the embedded engine and takes its answers apart."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import psutil

from routerd.engines.pool import EnginePool

# One thread: with several, llama.cpp's spinning makes tiny models slow on a busy machine.
SETTINGS = {"context_tokens": 2048, "gpu_layers": 0, "threads": 1}
HELLO = [{"role": "user", "content": "hi"}]


class Answers:
    """Asks a pool and takes the answer apart."""

    def __init__(self, pool: EnginePool) -> None:
        self.pool = pool
        self.settings = dict(SETTINGS)

    def opened(self, model: str, text: str = "hi", **body: Any) -> Any:
        """Open an answer; to be used under `async with`."""
        whole = {"messages": [{"role": "user", "content": text}], **body}
        return aclosing(self.pool.chat(model, self.settings, whole))

    async def events(self, model: str, text: str = "hi", **body: Any) -> list[Mapping[str, Any]]:
        """Return everything the pool yields."""
        async with self.opened(model, text, **body) as events:
            return [event async for event in events]

    async def ask(self, model: str, text: str = "hi", **body: Any) -> "Answer":
        """Return the whole answer."""
        return Answer(await self.events(model, text, **body))


class Answer:
    """A whole answer out of its chunks."""

    def __init__(self, events: list[Mapping[str, Any]]) -> None:
        chunks = [event for event in events if "choices" in event]
        choices = [chunk["choices"][0] for chunk in chunks]
        deltas = [choice["delta"] for choice in choices]
        self.text = "".join(delta.get("content") or "" for delta in deltas)
        self.thinking = "".join(delta.get("reasoning_content") or "" for delta in deltas)
        self.calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
        self.finish = choices[-1]["finish_reason"]
        self.usage = chunks[-1]["usage"]
        self.chunks = chunks


def workers() -> list[psutil.Process]:
    """Return this test process's workers."""
    return [
        child
        for child in psutil.Process().children()
        if "routerd.engines.worker" in child.cmdline()
    ]


async def first_chunk(events: AsyncIterator[Mapping[str, Any]]) -> None:
    """Read until the answer begins."""
    async for event in events:
        if "choices" in event:
            return


async def drained(events: AsyncIterator[Mapping[str, Any]]) -> None:
    """Read to the end."""
    async for _ in events:
        pass

"""What the tests of cloud providers share: a key in hand, one request, one answer."""

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio

from routerd.core.candidate import Candidate
from routerd.core.config import Timeouts
from routerd.core.ports import Provider
from routerd.core.request import Message, Request, Text, Tool
from routerd.core.response import Assembler, Chunk, Response

KEY = "sk-planted-secret"
PATIENT = Timeouts(first_token_s=5, whole_answer_s=5, idle_s=5)
SHORT = Timeouts(first_token_s=0.2, whole_answer_s=0.2, idle_s=0.2)
TOOL = Tool(
    "edit",
    "Changes a file.",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)


@dataclasses.dataclass(slots=True)
class FixedSecret:
    """A `providers.cloud.Secret` that is what it is; counts how often it was forgotten."""

    key: str | None = dataclasses.field(default=KEY, repr=False)
    trouble: str = "no key named x in the keyring; `routerd keys set x`"
    forgotten: int = 0

    def get(self) -> str | None:
        """Return the key."""
        return self.key

    def forget(self) -> None:
        """Count."""
        self.forgotten += 1


def asking(*messages: Message, **more: Any) -> Request:
    """Return a request that came in no dialect of a vendor's."""
    talk = messages or (Message("user", (Text("hello"),)),)
    return Request(talk, **({"dialect": "mcp", "wants_stream": True} | more))


async def gather(stream: AsyncGenerator[Chunk]) -> list[Chunk]:
    """Return all chunks."""
    with anyio.fail_after(10):
        async with aclosing(stream):
            return [chunk async for chunk in stream]


async def answered(provider: Provider, model: str, request: Request) -> Response:
    """Return the whole answer."""
    together = Assembler()
    for chunk in await gather(provider.stream(request, Candidate(provider.name, model))):
        together.add(chunk)
    return together.response(model)

"""Holds back what must be checked before it may go out, and checks it at the end of an answer."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from routerd.core.errors import ProviderFailed
from routerd.core.ports import Verifier
from routerd.core.request import Request
from routerd.core.response import (
    Assembler,
    Chunk,
    Native,
    Progress,
    ToolCallDelta,
)
from routerd.core.verdict import Verdict

# A client that waits for a held tool call is told this often that it is being written.
TELL_EVERY_S = 2.0


class AnswerUnsound(ProviderFailed):
    """A complete answer failed its checks before anything of it had gone out; `held` is all of it."""

    def __init__(self, model: str, verdict: Verdict, held: tuple[Chunk, ...]) -> None:
        super().__init__(f"{model}: {'; '.join(verdict.faults)}", "unverified")
        self.verdict = verdict
        self.held = held


@dataclass(slots=True)
class Check:
    """One attempt's check. `may_rise`: somebody better could be asked instead.

    `verdict` is known once the answer is complete.
    """

    request: Request
    model: str
    verifier: Verifier | None
    may_rise: bool
    verdict: Verdict = Verdict()  # noqa: RUF009  # frozen
    assembler: Assembler = field(default_factory=Assembler)

    async def run(self, chunks: AsyncIterator[Chunk]) -> AsyncGenerator[Chunk]:
        """Yield the chunks; tool calls come out once they are complete and were checked.

        An answer whose first chunk is held until its end can still be asked for elsewhere.
        Raises: AnswerUnsound, only where `may_rise`.
        """
        held: list[Chunk] = []
        out = False
        told_s = time.monotonic()
        async for group in _together(chunks):
            if isinstance(group[-1], Progress):
                yield group[-1]
                continue
            ended = self._take(group, held, out=out)
            if not ended and (held or self._holds(group[-1])):
                held += group
                if time.monotonic() - told_s > TELL_EVERY_S:
                    told_s = time.monotonic()
                    yield Progress(f"{self.model} is writing a tool call")
                continue
            out = True
            for chunk in (*held, *group):
                yield chunk
            if ended:
                return

    def _holds(self, chunk: Chunk) -> bool:
        if self.verifier is None or not self.may_rise:
            return False
        return not self.request.wants_stream or isinstance(chunk, ToolCallDelta)

    def _take(self, group: tuple[Chunk, ...], held: list[Chunk], *, out: bool) -> bool:
        """Return whether the answer is complete with this; `out`: something of it has gone out.

        Raises: AnswerUnsound.
        """
        for chunk in group:
            self.assembler.add(chunk)
        made, finish = self.assembler, self.assembler.finish
        if finish is None or self.verifier is None:
            return finish is not None
        self.verdict = self.verifier.check(self.request, made.text, made.tool_calls, finish.reason)
        if self.verdict.faults and self.may_rise and not out:
            raise AnswerUnsound(self.model, self.verdict, (*held, *group))
        return True


async def _together(chunks: AsyncIterator[Chunk]) -> AsyncGenerator[tuple[Chunk, ...]]:
    """Yield each chunk with the backend's own bytes before it: only the chunk tells what they say."""
    before: list[Chunk] = []
    async for chunk in chunks:
        if isinstance(chunk, Native):
            before.append(chunk)
        elif isinstance(chunk, Progress):
            yield (chunk,)
        else:
            yield (*before, chunk)
            before = []

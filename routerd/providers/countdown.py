"""Tells a client that waits for a model how long it still has to, while the engine says nothing.

The engine's stream runs in a task of its own, because a wait for its next chunk can't be cut into
pieces: cancelling it would end the stream.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import anyio.abc
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from routerd.core.response import Chunk, Progress

TELL_EVERY_S = 2.0
# What engines begin their own words with; the countdown stands in for them.
LOADING = "loading "


def told(model: str, load_s: float, passed_s: float) -> str:
    """Return what is said after `passed_s` of a load that takes about `load_s`; 0: nobody knows."""
    if load_s < 1.0:
        return f"{LOADING}{model}, {passed_s:.0f} s so far" if passed_s >= 1 else LOADING + model
    if passed_s < 1.0:
        return f"{LOADING}{model}, about {load_s:.0f} s"
    left_s = load_s - passed_s
    if left_s >= 1.0:
        return f"{LOADING}{model}, about {left_s:.0f} s left"
    return f"{LOADING}{model}, {passed_s:.0f} s so far, usually {load_s:.0f}"


class Countdown:
    """One answer of an engine, with a countdown until its first word where it has to load.

    `cold`: it is known to; else the countdown begins when the engine says so.
    """

    def __init__(self, model: str, load_s: float, *, cold: bool) -> None:
        self._model = model
        self._load_s = load_s
        self._began_s = time.monotonic()
        self._loading = cold
        self._failure: Exception | None = None

    async def run(
        self, chunks: AsyncGenerator[Chunk], tasks: anyio.abc.TaskGroup
    ) -> AsyncGenerator[Chunk]:
        """Yield the chunks and, while nothing of the answer has come, how long it will take.

        Raises: what the engine's stream raises.
        """
        sender, receiver = anyio.create_memory_object_stream[Chunk]()
        scope, ended = anyio.CancelScope(), anyio.Event()
        tasks.start_soon(self._pump, chunks, sender, scope, ended)
        try:
            if self._loading:
                yield self._tell()
            while (chunk := await self._next(receiver)) is not None:
                yield chunk
            if self._failure is not None:
                raise self._failure
        finally:
            scope.cancel()
            receiver.close()
            # The engine's connection is closed before the request counts as given up.
            with anyio.CancelScope(shield=True):
                await ended.wait()

    async def _next(self, receiver: MemoryObjectReceiveStream[Chunk]) -> Chunk | None:
        """Return the next chunk, or the countdown's word; None at the end."""
        while True:
            try:
                with anyio.move_on_after(TELL_EVERY_S if self._loading else None):
                    chunk = await receiver.receive()
                    if not self._is_superseded(chunk):
                        self._loading = self._loading and isinstance(chunk, Progress)
                        return chunk
                    if self._loading:
                        continue
                    self._loading, self._began_s = True, time.monotonic()
            except anyio.EndOfStream:
                return None
            return self._tell()

    @staticmethod
    def _is_superseded(chunk: Chunk) -> bool:
        return isinstance(chunk, Progress) and chunk.message.startswith(LOADING)

    def _tell(self) -> Progress:
        return Progress(told(self._model, self._load_s, time.monotonic() - self._began_s))

    async def _pump(
        self,
        chunks: AsyncGenerator[Chunk],
        sender: MemoryObjectSendStream[Chunk],
        scope: anyio.CancelScope,
        ended: anyio.Event,
    ) -> None:
        try:
            with scope:
                async with aclosing(chunks):
                    async for chunk in chunks:
                        await sender.send(chunk)
        except anyio.BrokenResourceError:
            pass  # the reader left; `scope` is being cancelled
        except Exception as error:  # noqa: BLE001  # raised again where the answer is read
            self._failure = error
        finally:
            sender.close()
            ended.set()

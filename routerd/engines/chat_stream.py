"""One answer on its way from a worker to whoever asked. It knows nothing of processes."""

from collections.abc import Mapping
from typing import Any

import anyio

from routerd.core.errors import ProviderFailed

Event = Mapping[str, Any]

# So many events may lie between the two before the worker has to wait.
_BUFFERED_EVENTS = 256


class Chat:
    """One answer on its way: the worker's reader delivers, the pool reads."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.ended = anyio.Event()
        self._failure: ProviderFailed | None = None
        self._sender, self._receiver = anyio.create_memory_object_stream[Event](_BUFFERED_EVENTS)

    async def next(self, stall_s: float) -> Event | None:
        """Return the next chunk or progress (see core.ports.LocalEngine), None at the end.

        Raises: ProviderFailed, with kind timeout after `stall_s` seconds of silence.
        """
        try:
            with anyio.fail_after(stall_s):
                event = await self._receiver.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            if self._failure is not None:
                raise self._failure from None
            return None
        except TimeoutError:
            raise ProviderFailed(
                f"llama.cpp was silent for {stall_s:g} s; the answer was given up", "timeout"
            ) from None
        if (progress := event.get("progress")) is not None:
            text = f"reading the prompt: {progress['processed']} of {progress['total']} tokens"
            return {"routerd_progress": text}
        chunk: Event = event["chunk"]
        return chunk

    def leave(self) -> None:
        """Stop reading; what still comes is thrown away."""
        self._receiver.close()

    async def deliver(self, event: Event) -> None:
        """Hand an event over; waits for a reader that is slower than the model."""
        try:
            await self._sender.send(event)
        except anyio.BrokenResourceError:
            # The reader left and the cancel is on its way.
            return

    def end(self, failure: ProviderFailed | None = None) -> None:
        """Nothing more comes."""
        self._failure = self._failure or failure
        self.ended.set()
        self._sender.close()

    def give_up(self, failure: ProviderFailed) -> None:
        """Let go of a delivery that waits for a slow reader; what was not read yet is lost."""
        if self._sender.statistics().tasks_waiting_send:
            self._failure = failure
            self._receiver.close()

"""The embedded engine as the daemon uses it: which models are loaded, and whose turn it is.

One worker process per loaded model, at most `max_loaded` of them, and one answer at a time per
worker. A request names a model file; everything else (start, load, swap, restart after a crash)
follows from that. Who goes next is decided in `seating`.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import anyio.abc

from routerd.core.errors import ProviderFailed
from routerd.engines.bindings import BindingName, installed_binding
from routerd.engines.chat_stream import Chat, Event
from routerd.engines.loading import Loader
from routerd.engines.seating import Key, Seat, Ticket, next_grant
from routerd.engines.worker_process import Settings, WorkerProcess, worker_command

_log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 2.0
# A step of the prompt that doesn't end within this is not waited for: reading 256 tokens on a slow
# processor takes up to about 8 s, and the process is worth keeping for its prompt cache.
WIND_DOWN_S = 10.0


class EnginePool:
    """Implements core.ports.LocalEngine. Use as `async with pool:`; it owns a task group.

    `binding` overrides the choice of library; `command` how a worker is started (a frozen build
    has no `python -m`). `load_timeout_s` bounds loading, `stall_s` the silence of a worker.
    """

    def __init__(
        self,
        log_dir: Path,
        *,
        max_loaded: int = 1,
        binding: str = "",
        command: Callable[[str], Sequence[str]] = worker_command,
        load_timeout_s: float = 300.0,
        stall_s: float = 120.0,
    ) -> None:
        self._log_dir = log_dir
        self._max_loaded = max(1, max_loaded)
        self._binding: BindingName = installed_binding(binding)
        self._stall_s = stall_s
        self._loader = Loader(log_dir, lambda: command(self._binding), load_timeout_s, self._spawn)
        self._seats: dict[Key, Seat] = {}
        self._tickets: list[Ticket] = []
        self._stack = AsyncExitStack()
        self._tasks: anyio.abc.TaskGroup | None = None
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        tasks = self._tasks
        await self.close()
        if tasks is not None:
            tasks.cancel_scope.cancel()
        return await self._stack.__aexit__(kind, error, trace)

    @property
    def binding(self) -> BindingName:
        """Name of the binding in use, '' where none is installed."""
        return self._binding

    def loaded(self, *, embeds: bool = False) -> dict[str, int]:
        """Return the models loaded for answers or embeddings: path -> context in effect, tokens."""
        return {
            path: seat.worker.context_tokens
            for (path, for_vectors), seat in self._seats.items()
            if seat.worker is not None and not seat.worker.gone.is_set() and for_vectors == embeds
        }

    async def unload(self, model_path: str) -> bool:
        """Free a model's memory; False where it isn't loaded or is answering just now."""
        there = [seat for seat in self._seats.values() if seat.path == model_path]
        freed = False
        for seat in there:
            if seat.busy or seat.worker is None:
                continue
            del self._seats[seat.key]
            await seat.worker.close()
            freed = True
        self._grant()
        return freed

    async def close(self) -> None:
        """End all workers; open chats fail, and new ones are refused from now on."""
        self._is_open = False
        for ticket in self._tickets:
            ticket.granted.set()
        await self._loader.end_all()

    async def chat(self, model_path: str, settings: Settings, body: Event) -> AsyncGenerator[Event]:
        """Yield OpenAI chunk objects; see core.ports.LocalEngine."""
        ticket = self._queue_up(model_path)
        async with aclosing(self._answer(ticket, settings, body)) as events:
            async for event in events:
                yield event

    async def embed(
        self, model_path: str, settings: Settings, texts: Sequence[str]
    ) -> AsyncGenerator[Event]:
        """Yield one vector a text; see core.ports.LocalEngine."""
        ticket = self._queue_up(model_path, embeds=True)
        wanted = {**settings, "embeds": True}
        async with aclosing(self._answer(ticket, wanted, {"texts": list(texts)})) as events:
            async for event in events:
                yield event

    async def _answer(
        self, ticket: Ticket, settings: Settings, body: Event
    ) -> AsyncGenerator[Event]:
        name = Path(ticket.path).stem
        chat: Chat | None = None
        try:
            while not await _set_soon(ticket.granted):
                yield {"routerd_progress": f"waiting for {name}: llama.cpp is busy with another"}
            seat = self._granted(ticket)
            if (loading := self._loader.prepare(seat, settings)) is not None:
                yield {"routerd_progress": f"loading {name} …"}
                while not await _set_soon(loading):
                    yield {"routerd_progress": f"loading {name} …"}
            worker = _worker_of(seat)
            chat = worker.open_chat()
            await worker.ask(chat, body, embeds=ticket.embeds)
            while (event := await chat.next(self._stall_s)) is not None:
                yield event
        finally:
            self._leave(ticket, chat)

    def _queue_up(self, model_path: str, *, embeds: bool = False) -> Ticket:
        if not self._is_open:
            raise ProviderFailed("the llama.cpp engine is not running", "refused")
        if not self._binding:
            raise ProviderFailed(
                "llama.cpp is not installed: pip install 'routerd[embedded]'", "refused"
            )
        ticket = Ticket(model_path, anyio.current_time(), embeds)
        self._tickets.append(ticket)
        self._grant()
        return ticket

    def _grant(self) -> None:
        """Let all go on who may; every change of the seats ends here."""
        while (
            grant := next_grant(self._tickets, self._seats, self._max_loaded, anyio.current_time())
        ) is not None:
            ticket, evicted = grant.ticket, grant.evicted
            self._tickets.remove(ticket)
            seat = self._seats.setdefault(ticket.key, Seat(ticket.path, embeds=ticket.embeds))
            if evicted is not None:
                del self._seats[evicted.key]
                self._loader.send_away(evicted.worker, seat)
            seat.busy = True
            ticket.seat = seat
            ticket.granted.set()

    def _granted(self, ticket: Ticket) -> Seat:
        if ticket.seat is None or not self._is_open:
            raise ProviderFailed("the llama.cpp engine is shutting down", "refused")
        return ticket.seat

    def _leave(self, ticket: Ticket, chat: Chat | None) -> None:
        """Give the seat back; what the worker still does is waited for in the background."""
        seat = ticket.seat
        if seat is None:
            self._tickets.remove(ticket)
            return
        if chat is not None:
            chat.leave()
        is_loading = seat.loading is not None and not seat.loading.is_set()
        if is_loading or (chat is not None and not chat.ended.is_set()):
            self._spawn(self._wind_down, seat, chat)
        else:
            self._vacate(seat)

    async def _wind_down(self, seat: Seat, chat: Chat | None) -> None:
        try:
            if seat.loading is not None:
                # A load goes on although its request was given up: the next one profits.
                await seat.loading.wait()
            if seat.worker is not None and chat is not None:
                with anyio.move_on_after(WIND_DOWN_S):
                    await seat.worker.cancel(chat)
                    await chat.ended.wait()
                if not chat.ended.is_set():
                    seat.worker.kill()
                    await seat.worker.gone.wait()
        finally:
            self._vacate(seat)

    def _vacate(self, seat: Seat) -> None:
        seat.busy = False
        seat.used_s = anyio.current_time()
        if seat.worker is None or seat.worker.gone.is_set():
            del self._seats[seat.key]
        if self._is_open:
            self._grant()

    def _spawn(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        if self._tasks is not None:
            self._tasks.start_soon(_guarded, work, *args)


def _worker_of(seat: Seat) -> WorkerProcess:
    """Return the loaded worker. Raises: ProviderFailed as loading did."""
    if seat.failure is not None:
        raise seat.failure
    if seat.worker is None:
        raise ProviderFailed("the llama.cpp engine is shutting down", "refused")
    return seat.worker


async def _set_soon(event: anyio.Event) -> bool:
    """Wait a while; return whether the event is set."""
    with anyio.move_on_after(PROGRESS_EVERY_S):
        await event.wait()
    return event.is_set()


async def _guarded(work: Callable[..., Awaitable[None]], *args: object) -> None:
    """Run one of the pool's tasks; a fault of one must not take the daemon down."""
    try:
        await work(*args)
    except Exception:  # noqa: BLE001 - the top of a task
        _log.exception("a task of the llama.cpp engine failed")

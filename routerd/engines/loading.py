"""Brings a seat's model into a worker process: once the memory is free, and not for ever."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

import anyio

from routerd.core.errors import ProviderFailed
from routerd.engines.seating import Seat
from routerd.engines.worker_process import Settings, WorkerProcess

Command = Callable[[], Sequence[str]]


class Spawn(Protocol):
    """Runs a task in the pool's group."""

    def __call__(self, work: Callable[..., Awaitable[None]], *args: object) -> None:
        """Start `work(*args)`."""
        ...


class Loader:
    """Starts workers with `command` and lets each load one model within `timeout_s`."""

    def __init__(self, log_dir: Path, command: Command, timeout_s: float, spawn: Spawn) -> None:
        self._log_dir = log_dir
        self._command = command
        self._timeout_s = timeout_s
        self._spawn = spawn
        self._workers: list[WorkerProcess] = []
        self._is_closed = False

    def prepare(self, seat: Seat, settings: Settings) -> anyio.Event | None:
        """Start loading unless the model is there with these settings; return when it is done."""
        worker = seat.worker
        if worker is not None and not worker.gone.is_set() and seat.settings == settings:
            return None
        self.send_away(worker, seat)
        seat.worker, seat.failure, seat.settings = None, None, dict(settings)
        seat.loading = anyio.Event()
        self._spawn(self._load, seat, seat.loading)
        return seat.loading

    def send_away(self, worker: WorkerProcess | None, successor: Seat) -> None:
        """End a worker; `successor` loads its own model only once the memory is free."""
        if worker is not None:
            successor.outgoing.append(worker)
            self._spawn(worker.close)

    async def end_all(self) -> None:
        """End every worker at once, loaded or loading, and wait until they are gone."""
        self._is_closed = True
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            await worker.gone.wait()

    async def _load(self, seat: Seat, done: anyio.Event) -> None:
        try:
            for worker in seat.outgoing:
                await worker.gone.wait()
            seat.outgoing.clear()
            seat.worker = await self._start(seat)
        except ProviderFailed as failure:
            seat.failure = failure
        finally:
            done.set()

    async def _start(self, seat: Seat) -> WorkerProcess:
        name = Path(seat.path).stem
        log_path = self._log_dir / f"engine-{name}.log"
        try:
            worker = await WorkerProcess.start(name, self._command(), log_path)
        except OSError as error:
            raise ProviderFailed(
                f"llama.cpp's process can't be started: {error}", "refused"
            ) from error
        self._workers = [*(old for old in self._workers if not old.gone.is_set()), worker]
        self._spawn(worker.read)
        if self._is_closed:
            worker.kill()
        try:
            with anyio.fail_after(self._timeout_s):
                await worker.load(seat.path, seat.settings or {})
        except TimeoutError:
            worker.kill()
            raise ProviderFailed(
                f"{name} was not loaded within {self._timeout_s:g} s", "timeout"
            ) from None
        except ProviderFailed:
            worker.kill()
            raise
        return worker

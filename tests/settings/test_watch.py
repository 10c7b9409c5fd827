"""A change of config.toml is seen, however the editor writes it."""

from pathlib import Path

import anyio
import pytest

from routerd.settings.watch import changes, model_changes

pytestmark = pytest.mark.anyio
PATIENCE_S = 10


def replaced(path: Path, text: str) -> None:
    """Write as editors do: a new file, renamed over the old one."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


class Watcher:
    """Runs `changes` and lets a test wait for the next one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stop = anyio.Event()
        self.ended = anyio.Event()
        self._seen = anyio.Event()

    async def run(self) -> None:
        async for _ in changes(self.path, self.stop):
            self._seen.set()
        self.ended.set()

    async def next(self) -> None:
        with anyio.fail_after(PATIENCE_S):
            await self._seen.wait()
        self._seen = anyio.Event()


async def test_changes_are_seen_after_each_replacement_and_end_when_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("port = 1", encoding="utf-8")
    watcher = Watcher(path)
    async with anyio.create_task_group() as group:
        group.start_soon(watcher.run)
        await anyio.wait_all_tasks_blocked()
        for port in (2, 3):
            replaced(path, f"port = {port}")
            await watcher.next()
        path.write_text("port = 4", encoding="utf-8")
        await watcher.next()
        path.unlink()
        await watcher.next()
        watcher.stop.set()
        with anyio.fail_after(PATIENCE_S):
            await watcher.ended.wait()


async def test_a_file_that_was_not_there_is_seen_when_it_comes(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path / "config.toml")
    async with anyio.create_task_group() as group:
        group.start_soon(watcher.run)
        await anyio.wait_all_tasks_blocked()
        (tmp_path / "token").write_text("x", encoding="utf-8")
        replaced(watcher.path, "port = 1")
        await watcher.next()
        watcher.stop.set()


async def test_a_new_model_file_is_seen_and_its_part_is_not(tmp_path: Path) -> None:
    stop, seen = anyio.Event(), anyio.Event()
    (tmp_path / "deep").mkdir()

    async def watch() -> None:
        async for _ in model_changes(tmp_path, stop, wait_ms=50):
            seen.set()
            stop.set()

    with anyio.fail_after(6 * PATIENCE_S):
        async with anyio.create_task_group() as group:
            group.start_soon(watch)
            number = 0
            # The watch takes a moment to begin; a file a turn is written until it has seen one.
            while not seen.is_set():
                number += 1
                (tmp_path / "deep" / f".m{number}.gguf.part").write_bytes(b"GGUF")
                (tmp_path / "deep" / f"m{number}.gguf").write_bytes(b"GGUF")
                with anyio.move_on_after(0.2):
                    await seen.wait()

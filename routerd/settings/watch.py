"""Watches config.toml and the models directory and says when they changed; reads nothing itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from watchfiles import awatch


async def changes(
    path: Path, stop: anyio.Event, *, also: tuple[str, ...] = ()
) -> AsyncIterator[None]:
    """Yield after each burst of changes to `path` or to files named `also` beside it, until `stop`.

    Where one of them is a symbolic link any change beside it counts: what it leads through may be
    swapped.

    The directory is watched, not the file: editors replace files, and a watch on the old inode
    would go blind. watchfiles joins changes within 600 ms, and
    wakes twice a second: at 50 ms it alone cost as much idle time as all the rest.
    """
    names = {path.name, *also}
    async for _ in awatch(
        path.parent,
        watch_filter=lambda _, changed: Path(changed).name in names or _linked(path, names),
        stop_event=stop,
        debounce=600,
        step=500,
        recursive=False,
    ):
        yield None


def _linked(path: Path, names: set[str]) -> bool:
    return any((path.parent / name).is_symlink() for name in names)


async def model_changes(
    folder: Path, stop: anyio.Event, *, wait_ms: int = 2000
) -> AsyncIterator[None]:
    """Yield after each burst of changes to the GGUF files below `folder`, until `stop`.

    A download writes for minutes: changes within `wait_ms` are joined, and its part file is none.
    """
    async for _ in awatch(
        folder,
        watch_filter=lambda _, changed: changed.lower().endswith(".gguf"),
        stop_event=stop,
        debounce=wait_ms,
        step=wait_ms,
    ):
        yield None

"""A process of its own for the tests that kill it or fill its disk.

`python -m tests.fakes.history_process acknowledge PATH` writes rows for ever and prints the number
of each one that is on disk; `... fill PATH` lets its disk fill up and prints, as JSON, what
became of it.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio

from routerd.storage.outcomes import SqliteMemory
from routerd.storage.writer import Writer
from tests.fakes import past_tasks


def _remember(memory: SqliteMemory, number: int) -> None:
    identity = f"d{number}"
    memory.remember(
        past_tasks.decision(identity, past_tasks.embedding(number)),
        past_tasks.outcome(identity),
        past_tasks.FACTS,
    )


async def acknowledge(path: Path) -> None:
    """Print a number once that row and all before it are committed."""
    async with SqliteMemory(path, max_memories=40) as memory:
        first = (await memory.counts())["requests"]
        for number in range(first, sys.maxsize):
            _remember(memory, number)
            if number % 5 == 4 and await memory.flush():
                print(number, flush=True)


async def fill(path: Path) -> None:
    """Write until the disk is full, go on, and write again once there is room."""
    import resource  # not there on Windows

    def allow(size_bytes: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))

    said: dict[str, Any] = {"written": 0}
    async with SqliteMemory(path, writer=Writer(path, retry_s=60)) as memory:
        allow(400_000)
        number = 0
        while await memory.flush():
            said["written"] = number
            _remember(memory, number)
            number += 1
        _remember(memory, number)
        said["health_when_full"] = memory.health
        said["readable_when_full"] = (await memory.counts())["requests"]
        found = await memory.nearest(past_tasks.embedding(0), workspace="", k=1)
        said["neighbours_when_full"] = len(found)
        allow(resource.RLIM_INFINITY)
        said["recovered"] = await memory.flush()
        said["health_after"] = memory.health
        said["requests_after"] = (await memory.counts())["requests"]
        said["remembered"] = number + 1
    print(json.dumps(said))


if __name__ == "__main__":
    os.umask(0)
    anyio.run({"acknowledge": acknowledge, "fill": fill}[sys.argv[1]], Path(sys.argv[2]))

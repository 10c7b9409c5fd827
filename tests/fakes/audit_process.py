"""Writes audit entries until it is killed; prints each number once it is acknowledged."""

import sys
from pathlib import Path

import anyio

from routerd.audit.log import AuditLog


async def main(path: Path, first: int) -> None:
    """Write numbered entries without end."""
    async with AuditLog(path, max_bytes=20_000) as log:
        number = first
        while await log.written("n", {"number": number}):
            print(number, flush=True)
            number += 1


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]))

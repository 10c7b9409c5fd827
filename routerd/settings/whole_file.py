"""Reads a file that somebody may be saving just now: half of it must not be taken for all of it.

Many editors empty a file before they write it, and others move the old one away first. An empty
policy is a valid one, and so is none: for a moment every rule would be gone.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from routerd.core.errors import ConfigInvalid

# A file that was changed longer ago than this is not being saved.
YOUNG_S = 1.0
# Two looks this far apart must see the same.
SETTLE_S = 0.05
LOOKS = 6


def read(
    path: Path,
    *,
    was_there: bool = False,
    check: Callable[[os.stat_result], None] = lambda _: None,
) -> str:
    """Return the text of a file, which blocks for SETTLE_S where it was saved this second.

    One that `was_there` and is gone is looked for again. `check` sees the status of what is read.
    Raises: FileNotFoundError, OSError, UnicodeDecodeError, ConfigInvalid where it never settles,
    and what `check` raises.
    """
    before: tuple[int, int, str] | None = None
    for look in range(LOOKS):
        try:
            seen, age_s = _look(path, check)
        except FileNotFoundError:
            if not was_there or look == LOOKS - 1:
                raise
            before = None
        else:
            # A clock that was set back makes a file seem to come from the future.
            if seen == before or abs(age_s) > YOUNG_S:
                return seen[2]
            before = seen
        time.sleep(SETTLE_S)
    raise ConfigInvalid(f"{path} is being written again and again; the last good one stays.")


def _look(
    path: Path, check: Callable[[os.stat_result], None]
) -> tuple[tuple[int, int, str], float]:
    """Return (which file, when changed, text) and its age; the text alone may be empty twice."""
    # Windows' editors begin a file with a byte order mark.
    with path.open(encoding="utf-8-sig") as file:
        found = os.fstat(file.fileno())
        check(found)
        return (found.st_ino, found.st_mtime_ns, file.read()), time.time() - found.st_mtime

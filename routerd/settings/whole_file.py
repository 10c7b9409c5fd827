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
LOOKS, LOOKS_AT_A_STUB = 6, 24


def read(
    path: Path,
    *,
    before: str | None = None,
    check: Callable[[os.stat_result], None] = lambda _: None,
) -> str:
    """Return the text of a file, which blocks for SETTLE_S where it was saved this second.

    `before` is what it held ("" where nobody knows), None where it was not there. One that was
    there and is gone is looked for again, and one that lost more than half of its text is believed
    once it is YOUNG_S old. `check` sees the status of what is read.
    Raises: FileNotFoundError, OSError, UnicodeDecodeError, ConfigInvalid where it never settles,
    and what `check` raises.
    """
    seen: tuple[int, int, str] | None = None
    for look in range(LOOKS_AT_A_STUB):
        try:
            found, age_s = _look(path, check)
        except FileNotFoundError:
            if before is None or look >= LOOKS - 1:
                raise
            seen = None
        else:
            # A clock that was set back makes a file seem to come from the future.
            if abs(age_s) > YOUNG_S:
                return found[2]
            is_stub = 2 * len(found[2]) < len(before or "")
            if found == seen and not is_stub:
                return found[2]
            if look >= LOOKS - 1 and not is_stub:
                break
            seen = found
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

"""Opens `state.db` for the writer: claims it, checks it, migrates it, or sets it aside and starts anew.

It never deletes a file and never repairs one.
"""

from datetime import datetime
from pathlib import Path

from routerd.storage.database import DAMAGE, Connection, Damaged, check_structure, open_connection
from routerd.storage.database_files import acquit, claim, ended_badly, set_aside
from routerd.storage.migrations import ForeignSchema, migrate

SMALLEST_BYTES = 512  # one page of the smallest size SQLite allows
# Walking every page takes 155 ms for 216 MB in the page cache and 1.5 to 3 s from a cold disk
# (2 cores, Linux, 2026-11-24), which is more than the whole start may take. A file above this size
# is therefore walked only after a crash or when damage was seen; a missing end is always noticed.
WALKED_BYTES = 16 * 1024 * 1024


def open_state(path: Path) -> tuple[Connection, str]:
    """Return the writer's connection and a notice for people ("" when there is nothing to tell).

    No other connection may be open on `path`, because the file may have to be renamed.
    Raises: StorageRefused, OSError, SqliteError (disk full, locked).
    """
    claim(path)
    try:
        return _open_checked(path), ""
    except ForeignSchema as error:
        reason = str(error)
    except DAMAGE as error:
        reason = f"was damaged ({error})"
    kept = set_aside(path, datetime.now())
    claim(path)
    notice = f"{path.name} {reason}; it was kept as {kept.name} and a fresh history was started"
    return open_sound(path), notice


def open_sound(path: Path) -> Connection:
    """Open and migrate a file that is expected to be right; its pages are not walked.

    Raises: ForeignSchema, SqliteError.
    """
    connection = open_connection(path, writable=True)
    try:
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_checked(path: Path) -> Connection:
    size_bytes = path.stat().st_size
    if 0 < size_bytes < SMALLEST_BYTES:
        raise Damaged("it is cut short")  # SQLite would take it for an empty file
    doubtful = ended_badly(path)
    connection = open_sound(path)
    try:
        if doubtful or size_bytes <= WALKED_BYTES:
            check_structure(connection)
            acquit(path)
    except BaseException:
        connection.close()
        raise
    return connection

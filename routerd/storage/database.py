"""SQLite as routerd uses it: the only importer of apsw; it opens connections and names failures.

It knows no table of the product and starts no thread: a Connection belongs to the thread that
opened it (apsw raises ThreadingViolationError when two threads use one at the same time).
"""

from pathlib import Path
from typing import Any

import apsw

Connection = apsw.Connection
SqliteError = apsw.Error

PASSING: tuple[type[Exception], ...] = (
    apsw.FullError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.NoMemError,
)
"""Troubles of the disk or of another process; the same work may succeed later."""


class Damaged(SqliteError):
    """The file is a database whose structure is broken."""


DAMAGE: tuple[type[Exception], ...] = (apsw.CorruptError, apsw.NotADBError, Damaged)
"""Troubles of the file itself; it must be set aside."""

BUSY_TIMEOUT_MS = 1000
CACHE_KIB = 4096
# No memory map. Mapping the file would save 0.5 ms of a nearest() among 50 000 memories (1.3
# against 1.8 ms), but its touched pages (up to 219 MB of a file of 216) count as the daemon's
# memory, and a file that is cut short kills the process with SIGBUS instead of raising an error.
MMAP_BYTES = 0
# After a checkpoint the -wal file is cut back to this, so one burst doesn't keep its size for ever.
WAL_LIMIT_BYTES = 16 * 1024 * 1024


def open_connection(path: Path, *, writable: bool, vectors: bool = True) -> Connection:
    """Open an existing file in WAL mode; the connection belongs to the calling thread.

    A writable one commits with synchronous=FULL: a committed row survives a power cut.
    `vectors` loads sqlite-vec (2 ms). Raises: SqliteError.
    """
    flags = apsw.SQLITE_OPEN_READWRITE if writable else apsw.SQLITE_OPEN_READONLY
    connection = apsw.Connection(str(path), flags=flags)
    try:
        _configure(connection, writable=writable)
        if vectors:
            # Late: it brings numpy, whose threads keep a process out of the airgap's namespace, and
            # 0.2 s that looking back need not cost.
            import sqlite_vec

            connection.enable_load_extension(True)
            connection.load_extension(sqlite_vec.loadable_path())
            connection.enable_load_extension(False)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: Connection, *, writable: bool) -> None:
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.pragma("mmap_size", MMAP_BYTES)
    connection.pragma("cache_size", -CACHE_KIB)
    # A planted file must not run SQL functions through its views and triggers.
    connection.pragma("trusted_schema", 0)
    connection.pragma("foreign_keys", 1)
    if writable:
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", 2)
        connection.pragma("journal_size_limit", WAL_LIMIT_BYTES)


def read_dicts(
    connection: Connection, select: str, values: tuple[Any, ...] = ()
) -> list[dict[str, Any]]:
    """Return the rows by the names of their columns. Raises: SqliteError."""
    cursor = connection.execute(select, values)
    # A cursor knows its columns only while it stands on a row.
    return [
        dict(zip((column[0] for column in cursor.get_description()), row, strict=True))
        for row in cursor
    ]


def check_structure(connection: Connection) -> None:
    """Walk every page of the file (30 ms for 80 MB in the page cache).

    Raises: Damaged, or another of DAMAGE.
    """
    verdict = connection.pragma("quick_check", 1)
    if verdict != "ok":
        raise Damaged(str(verdict))


def fold_wal(connection: Connection) -> None:
    """Move the whole write-ahead log into the database file. Raises: SqliteError."""
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

"""Owns the only writing connection and commits batches through it; used by one thread alone.

It knows no table and keeps no row: a batch that fails stays with the caller.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from routerd.storage.database import DAMAGE, PASSING, Connection, SqliteError, fold_wal
from routerd.storage.database_files import suspect
from routerd.storage.migrations import ForeignSchema
from routerd.storage.opening import open_sound, open_state

_log = logging.getLogger(__name__)

Write = Callable[[Connection], Callable[[], None] | None]
"""Writes inside a transaction; returns what to do once that is committed, if anything.

It may run again after a failed transaction, so it must not change anything but the database.
"""


class Committer:
    """`trouble` is "" or says why the last attempt failed; `notice` what became of an old file.

    `ready` turns True once the file is open for the first time, and stays so. Other threads may
    read these three.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: Connection | None = None
        self.notice = ""
        self.trouble = ""
        self.ready = False

    def open(self) -> Connection | None:
        """Open the file, or note the trouble. Raises: StorageRefused at the first opening."""
        try:
            if self.ready:
                # Readers are at work by now, so a damaged file may not be renamed any more.
                self._connection = open_sound(self._path)
            else:
                self._connection, self.notice = open_state(self._path)
        except (OSError, SqliteError, ForeignSchema) as error:
            self._note(error)
            return None
        self.ready = True
        return self._connection

    def commit(self, batch: Sequence[Write]) -> bool:
        """Write the batch in one transaction; False where it can't be written for now.

        Raises: whatever a row of it raises that will never work; nothing is written then.
        """
        connection = self._connection or self.open()
        if connection is None:
            return False
        try:
            committed = _in_one_transaction(connection, batch)
        except (*PASSING, *DAMAGE) as error:
            self._note(error)
            return False
        self.trouble = ""
        for then in committed:
            then()
        return True

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        if self._connection is None:
            return
        try:
            fold_wal(self._connection)
        except SqliteError as error:
            # Nothing is lost: the log is read again at the next start.
            _log.warning("the write-ahead log stays for now: %s", error)
        self._connection.close()
        self._connection = None

    def suspect(self) -> None:
        """Have the next start walk the whole file, because this run met damage in it."""
        try:
            suspect(self._path)
        except OSError as error:
            _log.warning("%s may be damaged and can't be marked so: %s", self._path.name, error)

    def _note(self, error: Exception) -> None:
        trouble = str(error)
        if isinstance(error, DAMAGE):
            trouble += " (restart routerd: it sets a damaged file aside and starts anew)"
            self.suspect()
        if trouble != self.trouble:
            _log.warning("history is not written: %s: %s", type(error).__name__, error)
        self.trouble = trouble
        # A connection that failed in mid-transaction may still be inside it; start from scratch.
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _in_one_transaction(connection: Connection, batch: Sequence[Write]) -> list[Callable[[], None]]:
    connection.execute("begin immediate")
    try:
        then = [after for write in batch if (after := write(connection)) is not None]
        connection.execute("commit")
    except BaseException:
        # SQLite itself has rolled back after some errors, a full disk among them.
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return then

"""The files of a database on disk: private to their owner, and set aside rather than deleted.

It never opens them as a database and never follows a symbolic link to one.
"""

import os
import stat
from datetime import datetime
from pathlib import Path

from routerd.core.errors import RouterdError

SUSPECT = "-suspect"
SIDE_FILES = ("-wal", "-shm", "-journal", SUSPECT)
"""What lies beside a database: SQLite's files, which get the database's own mode, and our mark."""


MAX_SET_ASIDE = 20


class StorageRefused(RouterdError):
    """The place where history is to be kept can't be trusted."""


def claim(path: Path) -> None:
    """Make sure `path` is a file of this user's alone, in a directory of this user's alone.

    Creates what is missing, 0600 in 0700, whatever the umask. Narrows modes that are too wide.
    Raises: StorageRefused for a symbolic link, another kind of file or another owner; OSError.
    """
    _claim_directory(path.parent)
    try:
        # O_EXCL fails on a link, dangling or not, so nothing is ever created elsewhere.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        _claim_file(path)
    else:
        os.close(descriptor)
        os.chmod(path, 0o600)
    for suffix in SIDE_FILES:
        beside = path.with_name(path.name + suffix)
        if beside.is_symlink() or beside.exists():
            _claim_file(beside)


def suspect(path: Path) -> None:
    """Leave a mark that the database showed damage, for the next start. Raises: OSError."""
    path.with_name(path.name + SUSPECT).touch(mode=0o600)


def ended_badly(path: Path) -> bool:
    """Whether the database was not closed in order, or is suspect."""
    wal = path.with_name(path.name + "-wal")
    unfolded = wal.exists() and wal.stat().st_size > 0
    return unfolded or path.with_name(path.name + SUSPECT).exists()


def acquit(path: Path) -> None:
    """Take the mark away. Raises: OSError."""
    path.with_name(path.name + SUSPECT).unlink(missing_ok=True)


def set_aside(path: Path, when: datetime) -> Path:
    """Rename the database and its side files; return the database's new path.

    No connection may be open: a reader that closes last deletes the -wal by its old name.
    Raises: OSError, also when MAX_SET_ASIDE files lie there already, as on a failing disk.
    """
    kept = _free_name(path, when)
    # The side files go first: if the machine stops in between, the next start finds the broken
    # database again, and never a fresh one beside an old -wal.
    for suffix in (*SIDE_FILES, ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    return kept


def set_aside_files(path: Path, delete: bool) -> int:
    """Return how many databases that were set aside lie beside this one; delete them if asked to.

    Raises: OSError.
    """
    found = sorted(path.parent.glob(f"{path.name}.corrupt-*"))
    for file in found if delete else ():
        file.unlink()
    return sum(not file.name.endswith(SIDE_FILES) for file in found)


def _free_name(path: Path, when: datetime) -> Path:
    taken = {beside.name for beside in path.parent.glob(f"{path.name}.corrupt-*")}
    if len(taken) >= MAX_SET_ASIDE:
        raise FileExistsError(
            f"{len(taken)} files that were set aside lie beside {path}; "
            "look after the disk and remove them"
        )
    name = f"{path.name}.corrupt-{when:%Y%m%dT%H%M%S}"
    number = 1
    while name in taken:
        number += 1
        name = f"{path.name}.corrupt-{when:%Y%m%dT%H%M%S}-{number}"
    return path.with_name(name)


def _claim_directory(directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        if not directory.is_dir():
            raise StorageRefused(
                f"{directory} is not a directory, so history can't be kept in it; "
                "move it away or set ROUTERD_HOME"
            ) from None
    _own(directory, directory.stat(), 0o700)


def _claim_file(path: Path) -> None:
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "not a plain file"
        raise StorageRefused(
            f"{path} is {kind}, so history is not written to it; "
            "move it away, or set ROUTERD_HOME to where history shall be kept"
        )
    _own(path, found, 0o600)


def _own(path: Path, found: os.stat_result, mode: int) -> None:
    """Check the owner and narrow the mode; Windows keeps ownership in ACLs, not here."""
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid():
        raise StorageRefused(
            f"{path} belongs to user {found.st_uid}, not to user {os.geteuid()} who runs routerd; "
            "give it to this user or set ROUTERD_HOME"
        )
    if stat.S_IMODE(found.st_mode) != mode:
        os.chmod(path, mode)

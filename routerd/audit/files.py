"""The files of the log, oldest first, and how they are opened: private, never through a link."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from routerd.audit.chain import Head

_OLD = re.compile(r"^audit-\d{12}\.log$")
_HEAD_BYTES = 128
_BLOCK_BYTES = 65_536


def all_files(path: Path) -> list[Path]:
    """Return the rotated files and the one in use, in the order they were written."""
    old = sorted(p for p in path.parent.glob("audit-*.log") if _OLD.match(p.name))
    return [*old, path] if path.exists() else old


def rotated_name(path: Path, first_seq: int) -> Path:
    """Return where a full file goes; the number of its first entry makes the name."""
    return path.with_name(f"audit-{first_seq:012d}.log")


def head_path(path: Path) -> Path:
    """Return the file that holds the last entry's number and hash."""
    return path.with_name("audit.head")


def open_private(path: Path, flags: int) -> int:
    """Return a descriptor of a file of mode 0600. Raises: OSError, also for a symbolic link."""
    own = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    opened = os.open(path, flags | os.O_CREAT | own, 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(opened, 0o600)
    return opened


def write_head(path: Path, head: Head) -> None:
    """Write the head beside the log. It may lag behind after a crash, never lead.

    In place, at one length within one sector: a power cut leaves the old one or the new one. A
    new file renamed over the old one, not fsynced, would leave an empty one, and fsyncing two
    files for each commit would double what an entry costs.
    """
    opened = open_private(head_path(path), os.O_WRONLY)
    try:
        text = json.dumps({"seq": head.seq, "hash": head.hash})
        os.write(opened, text.ljust(_HEAD_BYTES).encode("ascii"))
    finally:
        os.close(opened)


def read_head(path: Path) -> Head | None:
    """Return what the head file says; None where it is missing or makes no sense."""
    try:
        plain = json.loads(head_path(path).read_text("ascii"))
        return Head(int(plain["seq"]), str(plain["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sync_names(path: Path) -> None:
    """Make sure that the file's name outlives a power cut. Raises: OSError."""
    if os.name != "posix":
        return  # Windows writes names down by itself, and a directory can't be opened there
    opened = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def lines(path: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield (file, line number from 1, text) of the whole log, whole lines only."""
    for file in all_files(path):
        with file.open(encoding="utf-8", errors="replace", newline="\n") as text:
            for number, line in enumerate(text, 1):
                if line.endswith("\n"):
                    yield file, number, line


def backwards(file: Path) -> Iterator[str]:
    """Yield the whole lines of one file, the last one first, without their newlines."""
    with file.open("rb") as data:
        start = data.seek(0, os.SEEK_END)
        pending, complete = b"", False
        while start > 0:
            size = min(_BLOCK_BYTES, start)
            start = data.seek(start - size)
            first, *rest = (data.read(size) + pending).split(b"\n")
            for line in reversed(rest if complete else rest[:-1]):
                yield line.decode("utf-8", "replace")
            complete, pending = complete or bool(rest), first
        if complete:
            yield pending.decode("utf-8", "replace")


def sound_bytes(file: Path) -> int:
    """Return how much of a file is whole lines, up to the first byte that was never written.

    Blocks that a power cut kept off the disk read as NUL, which no entry holds.
    """
    data = file.read_bytes()
    hole = data.find(b"\0")
    return data.rfind(b"\n", 0, hole if hole >= 0 else len(data)) + 1

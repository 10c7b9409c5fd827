"""The files of the log, oldest first, and how they are opened: private, never through a link."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from routerd.audit.chain import Head

_OLD = re.compile(r"^audit-\d{12}\.log$")


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
    opened = os.open(path, flags | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(opened, 0o600)
    return opened


def write_head(path: Path, head: Head) -> None:
    """Write the head beside the log. It may lag behind after a crash, never lead."""
    target = head_path(path)
    new = target.with_name(".audit.head.new")
    with os.fdopen(open_private(new, os.O_WRONLY | os.O_TRUNC), "w", encoding="ascii") as file:
        json.dump({"seq": head.seq, "hash": head.hash}, file)
    new.replace(target)


def read_head(path: Path) -> Head | None:
    """Return what the head file says; None where it is missing or makes no sense."""
    try:
        plain = json.loads(head_path(path).read_text("ascii"))
        return Head(int(plain["seq"]), str(plain["hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lines(path: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield (file, line number from 1, text) of the whole log, whole lines only."""
    for file in all_files(path):
        with file.open(encoding="utf-8", errors="replace", newline="\n") as text:
            for number, line in enumerate(text, 1):
                if line.endswith("\n"):
                    yield file, number, line

"""Writes a plan into a client's files and takes it out again; the files' own bytes are kept.

What a file held before lies in routerd's home, in a directory of the client, with a record of what
was changed. A file that nobody touched since gets its old bytes back; in one that was changed
since, what routerd brought is cut out where it still stands.
"""

import difflib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from routerd.connecting.clients import Plan
from routerd.connecting.edits import FileChange, Form, Hunk, apply, take_back
from routerd.core.errors import RouterdError

RECORD = "record.json"
Write = Callable[[Path, str], None]
"""Writes a private file, whole or not at all."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A file as it is and as it will be; `before` is None where there is none yet."""

    path: Path
    form: Form
    before: str | None
    after: str
    hunks: tuple[Hunk, ...]

    def diff(self, secret: str) -> str:
        """Return what changes, for people; the token is not shown."""
        old, new = (self.before or "").splitlines(True), self.after.splitlines(True)
        lines = difflib.unified_diff(old, new, str(self.path), str(self.path))
        text = "".join(line if line.endswith("\n") else line + "\n" for line in lines)
        return text.replace(secret, "<token>") if secret else text


def pending(plan: Plan) -> tuple[Pending, ...]:
    """Return the files that would change. Raises: RouterdError naming a file that can't be."""
    found = (_pending(change) for change in plan.changes)
    return tuple(file for file in found if file.hunks)


def _pending(change: FileChange) -> Pending:
    # Settings are often links into a directory under version control; the target is changed.
    path = Path(os.path.realpath(change.path))
    before = read(path)
    try:
        after, hunks = apply(before or "", change.form, change.edits)
    except ValueError as error:
        raise RouterdError(
            f"{path} can't be changed ({error}). Nothing was written; `--print` shows what to "
            "paste by hand."
        ) from None
    return Pending(path, change.form, before, after, tuple(hunks))


def read(path: Path) -> str | None:
    """Return the text with its own line endings, None where there is no file.

    Raises: RouterdError.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise RouterdError(f"{path} is not UTF-8 text; it is left as it is.") from None
    except OSError as error:
        raise RouterdError(f"{path} can't be read: {error.strerror}.") from None


def replace_file(path: Path, data: bytes) -> None:
    """Write the file whole or not at all; its mode stays, a new one is private."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def known(place: Path) -> bool:
    """Whether a client is connected; `place` is its directory in routerd's home."""
    return (place / RECORD).exists()


def write(place: Path, files: tuple[Pending, ...], write_private: Write) -> None:
    """Keep what the files hold, then change them. `place` must exist and be private."""
    record = []
    for number, file in enumerate(files):
        backup = f"{number}.before"
        if file.before is not None:
            write_private(place / backup, file.before)
        record.append(
            {
                "path": str(file.path),
                "form": file.form,
                "backup": backup if file.before is not None else "",
                "before_sha256": _digest(file.before or ""),
                "after_sha256": _digest(file.after),
                "hunks": [asdict(hunk) for hunk in file.hunks],
            }
        )
    # The record comes first: what is written without one could not be taken back.
    write_private(place / RECORD, json.dumps({"files": record}, indent=2))
    for file in files:
        replace_file(file.path, file.after.encode())


def restore(place: Path) -> list[str]:
    """Take everything back and forget it; return what could not be done, in words.

    Where something could not be taken back, the kept files stay.
    Raises: RouterdError when the record can't be read.
    """
    try:
        record = json.loads((place / RECORD).read_text("utf-8"))
        left = [told for entry in record["files"] if (told := _restore(place, entry))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RouterdError(
            f"{place / RECORD} can't be used ({type(error).__name__}); what the files held before "
            f"is beside it. Put it back by hand and remove {place}."
        ) from error
    if not left:
        shutil.rmtree(place)
    return left


def _restore(place: Path, entry: dict[str, Any]) -> str:
    path = Path(entry["path"])
    now = read(path)
    backup = place / entry["backup"] if entry["backup"] else None
    before = read(backup) if backup else None
    if now is None or now == before:
        return ""
    if _digest(now) == entry["after_sha256"]:
        if before is None:
            path.unlink()
        else:
            replace_file(path, before.encode())
        return ""
    try:
        hunks = [Hunk(**hunk) for hunk in entry["hunks"]]
        replace_file(path, take_back(now, entry["form"], hunks).encode())
    except ValueError as error:
        return f"{path}: {error}; what it held before is in {backup or 'no file: it was new'}"
    return ""

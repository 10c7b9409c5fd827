"""A disk that forgets at a power cut: an SQLite VFS that knows what was synced and what was not.

Everything is passed on to the real files, so that the database works as ever; beside that each
file's content as of its last sync is kept, and what was written to it since. At a cut, each sector
written since may have reached the disk or not, in any combination and any order.

Source: sqlite.org/atomiccommit.html, 2.0 (hardware assumptions), and sqlite.org/vfs.html.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
from typing_extensions import override

SECTOR = 512
# Files whose content a power cut takes: the index of the log is made anew by whoever opens first.
_VOLATILE = "-shm"


@dataclass
class Content:
    """One file: `synced` is None while it was never synced, and then its name may be lost, too."""

    synced: bytes | None = None
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def after_a_cut(self, rng: random.Random, kept: float) -> bytes | None:
        """Return what is found after the cut; each sector since the sync was `kept` or not."""
        if self.synced is None and rng.random() > kept:
            return None
        data = bytearray(self.synced or b"")
        for offset, written in self.since:
            if written is None:
                if rng.random() < kept:
                    data[offset:] = b""
                continue
            for start in range(0, len(written), SECTOR):
                if rng.random() < kept:
                    piece, at = written[start : start + SECTOR], offset + start
                    data.extend(bytes(max(0, at - len(data))))
                    data[at : at + len(piece)] = piece
        return bytes(data)


class ForgetfulDisk(apsw.VFS):  # type: ignore[misc]  # apsw is untyped
    """The VFS; `on_step` is called before each write, sync and cut of a file's length."""

    def __init__(self, name: str = "forgetful") -> None:
        self.base = apsw.vfs_names()[0]
        self.files: dict[Path, Content] = {}
        self.steps = 0
        self.on_step: Callable[[], None] = lambda: None
        super().__init__(name, self.base, makedefault=True)

    @override
    def xOpen(self, name: Any, flags: list[int]) -> "_File":
        """Open a file of a database; nameless ones are temporary and none of ours."""
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "")
        if path.name:
            present = path.read_bytes() if path.exists() else None
            self.files.setdefault(path, Content(present))
        return _File(self, path, name, flags)

    @override
    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete a file; SQLite asks for it to be durable where it matters."""
        self.step()
        super().xDelete(filename, syncdir)
        self.files.pop(Path(filename), None)

    def step(self) -> None:
        """Count one step."""
        self.steps += 1
        self.on_step()

    def cut(self, into: Path, rng: random.Random) -> None:
        """Write what a power cut now would leave into another directory."""
        into.mkdir()
        kept = rng.choice((0.0, 0.5, 0.9, 1.0))
        for path, content in self.files.items():
            left = content.after_a_cut(rng, kept)
            if left is not None and not path.name.endswith(_VOLATILE):
                (into / path.name).write_bytes(left)


class _File(apsw.VFSFile):  # type: ignore[misc]  # apsw is untyped
    def __init__(self, disk: ForgetfulDisk, path: Path, name: Any, flags: list[int]) -> None:
        self._disk, self._path = disk, path
        super().__init__(disk.base, name, flags)

    def _content(self) -> Content:
        return self._disk.files.setdefault(self._path, Content())

    @override
    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.step()
        self._content().since.append((offset, bytes(data)))
        super().xWrite(data, offset)

    @override
    def xTruncate(self, size: int) -> None:
        self._disk.step()
        self._content().since.append((size, None))
        super().xTruncate(size)

    @override
    def xSync(self, flags: int) -> None:
        self._disk.step()
        super().xSync(flags)
        if self._path.name:
            content = self._content()
            content.synced, content.since = self._path.read_bytes(), []

"""Walks the chain and finds every line that was changed, removed, added or moved."""

from dataclasses import dataclass
from pathlib import Path

from routerd.audit import chain, files
from routerd.audit.chain import Head

MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold: file, line, and what must have happened."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` lines were read in `files` files; the chain holds where `breaks` is empty."""

    entries: int
    files: int
    head: Head
    breaks: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was tampered with, as far as a chain can show."""
        return not self.breaks


def verify(path: Path, expected_hash: str = "") -> Verdict:
    """Return what the log at `path` shows; `expected_hash` is a hash noted down earlier."""
    head, breaks, entries, seen = Head(), list[Break](), 0, False
    known = files.read_head(path)
    for file, number, line in files.lines(path):
        entries += 1
        try:
            entry = chain.read(line)
        except chain.Unreadable as error:
            breaks.append(Break(file.name, number, f"the line {error}: it was changed or added"))
            continue
        if what := _wrong(entry, head):
            breaks.append(Break(file.name, number, what))
        head = Head(entry["seq"], entry["hash"])
        seen = seen or head.hash == expected_hash
        if known and known.seq == head.seq and known.hash != head.hash:
            breaks.append(Break(file.name, number, f"entry {head.seq} is another than was written"))
    breaks += _ending(path, head, known)
    if expected_hash and not seen:
        breaks.append(Break(path.name, 0, f"no entry has the hash {expected_hash}"))
    return Verdict(entries, len(files.all_files(path)), head, tuple(breaks[:MOST_TOLD]))


def _wrong(entry: dict[str, object], before: Head) -> str:
    seq = entry["seq"]
    assert isinstance(seq, int)  # noqa: S101  # chain.read saw to it
    if chain.hash_of(entry) != entry["hash"]:
        return f"entry {seq} was changed: its hash does not fit its content"
    if seq > before.seq + 1:
        return f"entries {before.seq + 1} to {seq - 1} were removed"
    if seq <= before.seq:
        return f"entry {seq} was moved or repeated: it follows entry {before.seq}"
    if entry["prev"] != before.hash:
        return f"entry {seq} does not follow the entry before it: that one was changed"
    return ""


def _ending(path: Path, head: Head, known: Head | None) -> list[Break]:
    if known is None:
        what = "audit.head is missing: entries removed from the end would not be noticed"
        return [Break(path.name, 0, what)] if head.seq else []
    if known.seq > head.seq:
        what = f"entries {head.seq + 1} to {known.seq} were removed from the end"
        return [Break(path.name, 0, what)]
    return []

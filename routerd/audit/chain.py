"""One entry of the log: a line of JSON that carries the hash of the line before it. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What the first entry of all names as the one before it.
GENESIS = "0" * 64
_OWN = frozenset({"seq", "at", "kind", "prev", "hash"})


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry: its number and hash; 0 and GENESIS before the first."""

    seq: int = 0
    hash: str = GENESIS


class Unreadable(ValueError):
    """A line that is no entry."""


def hash_of(entry: Mapping[str, Any]) -> str:
    """Return SHA-256 over the entry's canonical JSON without `hash`; `prev` is part of it."""
    plain = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(_canonical(plain).encode("ascii")).hexdigest()


def line(head: Head, at: str, kind: str, facts: Mapping[str, Any]) -> tuple[str, Head]:
    """Return the next line with its newline, and the head after it.

    `at` is UTC, ISO 8601. Facts can't take the place of the entry's own keys.
    """
    told = {key: value for key, value in facts.items() if key not in _OWN}
    entry = {**told, "seq": head.seq + 1, "at": at, "kind": kind, "prev": head.hash}
    digest = hash_of(entry)
    return _canonical({**entry, "hash": digest}) + "\n", Head(head.seq + 1, digest)


def read(text: str) -> dict[str, Any]:
    """Return the entry of one line. Raises: Unreadable."""
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("is no JSON") from None
    if not isinstance(entry, dict) or not isinstance(entry.get("seq"), int):
        raise Unreadable("is no entry")
    if not all(isinstance(entry.get(key), str) for key in ("at", "kind", "prev", "hash")):
        raise Unreadable("is no entry")
    return entry


def _canonical(value: Mapping[str, Any]) -> str:
    """ASCII with sorted keys, so that every JSON library gives the same text back."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

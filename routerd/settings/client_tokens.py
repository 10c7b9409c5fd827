"""A token for each connected client, so that one can be taken back without the others."""

import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from routerd.settings import places

_TOKEN = re.compile(r"[!-~]{32,}")


class ClientTokens:
    """The tokens that open the doors: the user's own and one a client.

    Iterated at every request; the file is read again when it has changed.
    """

    def __init__(self, own: str, path: Path) -> None:
        self._own = own
        self._path = path
        self._seen: tuple[int, int] = (0, 0)
        self._tokens: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        """Yield every token in force."""
        try:
            about = self._path.stat()
        except OSError:
            self._seen, self._tokens = (0, 0), ()
        else:
            seen = (about.st_mtime_ns, about.st_ino)
            if seen != self._seen:
                self._seen, self._tokens = seen, tuple(read(self._path).values())
        yield self._own
        yield from self._tokens


def read(path: Path) -> dict[str, str]:
    """Return client -> token; {} where there is no file, it makes no sense or others can read it."""
    try:
        if hasattr(os, "getuid") and path.stat().st_mode & 0o077:
            return {}
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {k: v for k, v in value.items() if isinstance(v, str) and _TOKEN.fullmatch(v)}


def ensure(path: Path, client: str) -> str:
    """Return the client's token, made where it has none."""
    known = read(path)
    if client not in known:
        known[client] = "rd-" + secrets.token_urlsafe(32)
        places.write_private(path, json.dumps(known, indent=2))
    return known[client]


def forget(path: Path, client: str) -> None:
    """Take the client's token back; from then on it opens nothing."""
    known = read(path)
    if known.pop(client, None) is not None:
        places.write_private(path, json.dumps(known, indent=2))

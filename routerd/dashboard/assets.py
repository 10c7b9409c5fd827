"""The dashboard's files, read once: scripts, styles, the font. Their names are the only ones served."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `etag` changes with its content."""

    body: bytes = field(repr=False)
    content_type: str
    etag: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return all files by name."""
    found = {}
    for path in sorted(STATIC.iterdir()):
        if path.suffix in _KINDS:
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:32]
            found[path.name] = Asset(body, _KINDS[path.suffix], f'"{digest}"')
    return found

"""Sets up logging so that no secret and no control character reaches the file."""

import logging
import logging.handlers
import os
import re
import sys
from io import TextIOWrapper
from pathlib import Path

from typing_extensions import override

_SECRETS = re.compile(
    r"(?i)(bearer\s+|api[-_]?key[\"'=:\s]+|password[\"'=:\s]+)[^\s\"',;]+"
    r"|\b(?:(?:sk|rd|pk|gh[oprsu]|github_pat|glpat|hf|xox[abp])[-_]|AKIA|AIza)[A-Za-z0-9_-]{16,}"
)
# C0 and C1 controls, line and paragraph separators, bidirectional overrides, lone surrogates
# (which no file can hold).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_BYTES, KEPT = 5 * 1024 * 1024, 3


def clean(text: str) -> str:
    """Return `text` with secrets masked and control characters escaped, on one line."""
    masked = _SECRETS.sub(lambda found: (found[1] or "") + "[redacted]", text)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", masked)


class CleanFormatter(logging.Formatter):
    """Formats a record as one clean line; a traceback becomes escaped text on the same line."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return clean(super().format(record))


class _PrivateRotatingHandler(logging.handlers.RotatingFileHandler):
    """A rotating log whose files only the user can read."""

    @override
    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        opened = os.open(self.baseFilename, flags, 0o600)
        if hasattr(os, "fchmod"):
            os.fchmod(opened, 0o600)  # a file that was there keeps its mode otherwise
        return os.fdopen(opened, "a", encoding="utf-8")


def set_up(level: str, path: Path | None) -> None:
    """Send all logging to `path` (0600, rotating), or to stderr where there is none."""
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        handler = _PrivateRotatingHandler(
            path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
        )
    handler.setFormatter(CleanFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Both print whole URLs and headers at INFO; the request line is ours to log.
    for name in ("httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.access", "mcp"):
        logging.getLogger(name).setLevel(logging.WARNING)

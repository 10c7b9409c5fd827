"""`support-bundle`: what helps to find a fault, without keys, prompts or names; shown first."""

import argparse
import io
import json
import os
import platform
import re
import sys
import time
import zipfile
from importlib import metadata
from pathlib import Path

from routerd import __version__
from routerd.cli import lifecycle
from routerd.core.errors import RouterdError
from routerd.logs import clean
from routerd.settings import places

LOG_BYTES = 200_000
# Anything that stands beside such a word in a settings file is left out.
_SECRET_KEY = re.compile(
    r"(?im)^(\s*[\w.\-\"']*(?:key|token|secret|password)[\w.\-\"']*\s*=\s*).*$"
)
_LONG = re.compile(r"\b[A-Za-z0-9+/_\-]{32,}={0,2}")
_PACKAGES = ("anyio", "apsw", "httpx2", "keyring", "mcp", "ollama", "onnxruntime", "sqlite-vec",
             "starlette", "uvicorn", "xllamacpp", "llama-cpp-python")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Show what the bundle holds; write it where the person agrees."""
    here = places.find()
    parts = collect(here)
    for name, text in parts.items():
        print(f"--- {name} ({len(text)} characters)")
        shown = text if arguments.show else "\n".join(text.splitlines()[:12])
        print(shown)
    if arguments.show and not arguments.yes:
        print("Nothing was written; without --show it is, once you agree.")
        return 0
    target = Path(arguments.output or f"routerd-support-{time.strftime('%Y%m%d-%H%M%S')}.zip")
    if not arguments.yes and not _agreed(target):
        print("Nothing was written.")
        return 1
    _write(target, parts)
    print(f"{target} holds the above and nothing else. Read it before you send it (--show).")
    return 0


def collect(here: places.Places) -> dict[str, str]:
    """Return file name -> redacted text."""
    status = lifecycle.running(here) or {"state": "not running"}
    parts = {
        "about.json": json.dumps(_about(), indent=2),
        "status.json": json.dumps(status, indent=2),
        "config.toml": _text(here.config),
        "policy.toml": _text(here.policy),
        "routerd.log": _text(here.log)[-LOG_BYTES:],
        "start.log": _text(here.log.with_name("start.log"))[-LOG_BYTES:],
    }
    return {name: redacted(text, here) for name, text in parts.items()}


def redacted(text: str, here: places.Places) -> str:
    """Return the text without secrets, long random words, and the user's name in paths."""
    lines = [clean(line) for line in text.split("\n")]
    masked = _SECRET_KEY.sub(r"\1[redacted]", "\n".join(lines))
    for path, word in ((str(here.home), "$ROUTERD_HOME"), (str(Path.home()), "~")):
        masked = masked.replace(path, word)
    return _LONG.sub("[redacted]", masked)


def _about() -> dict[str, object]:
    return {
        "routerd": __version__,
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"can't be read: {error.strerror}"


def _agreed(target: Path) -> bool:
    if not sys.stdin.isatty():
        raise RouterdError("Say --yes to write the bundle without being asked.")
    return input(f"Write this to {target}? [y/N] ").strip().lower() in ("y", "yes")


def _write(target: Path, parts: dict[str, str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in parts.items():
            bundle.writestr(name, text)
    try:
        # Private from its first byte on, not only once it is complete.
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            target.chmod(0o600)
            file.write(packed.getvalue())
    except OSError as error:
        raise RouterdError(f"{target} can't be written: {error.strerror}") from error

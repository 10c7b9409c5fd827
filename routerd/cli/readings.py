"""Readings of prompts kept on disk between replays, by digest; no prompt text is written."""

import base64
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from routerd.core.errors import RouterdError
from routerd.core.features import Reading

LABELS_FILE = "labels.json"


class ReadingFile:
    """A context manager over one file per classifier version and input length."""

    def __init__(self, folder: Path, model_dir: Path, max_tokens: int) -> None:
        version = hashlib.sha256((model_dir / LABELS_FILE).read_bytes()).hexdigest()[:16]
        self._path = folder / f"readings-{version}-{max_tokens}.jsonl"
        self._known: dict[str, Reading] = {}
        self._file: TextIO | None = None
        self._torn = False

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._path.exists():
                self._load()
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise RouterdError(f"{self._path} can't be opened ({error.strerror}).") from error
        self._file = os.fdopen(handle, "a", encoding="utf-8")
        if self._torn:
            self._file.write("\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def get(self, prompt: str, read: Callable[[str], Reading]) -> Reading:
        """Return the reading of `prompt`, from the file or by `read`, which is then kept."""
        key = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self._known:
            reading = read(prompt)
            self._known[key] = reading
            row = {**asdict(reading), "embedding": base64.b64encode(reading.embedding).decode()}
            assert self._file is not None  # noqa: S101  # used inside `with` alone
            self._file.write(json.dumps({"key": key, **row}) + "\n")
        return self._known[key]

    def _load(self) -> None:
        text = self._path.read_text(encoding="utf-8")
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            try:
                row = json.loads(line)
                key = str(row.pop("key"))
                row["embedding"] = base64.b64decode(row["embedding"])
                self._known[key] = Reading(**row)
            except (ValueError, KeyError, TypeError):
                # A replay that was stopped leaves half a line; that prompt is read again.
                continue

"""The classifier's files on disk: what `labels.json` promises, and bytes checked against it.

Reads files, runs nothing. A file that does not match its checksum is never handed out, so that
a half-written download or a swapped model is noticed before native code parses it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from routerd.core.features import TASKS, Task

LABELS_FILE = "labels.json"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"


class ModelUnusable(Exception):
    """The model can't be used; the text begins with "missing: " or "corrupt: "."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What the model's outputs mean. `sha256` maps file names to hex digests."""

    version: str
    tasks: tuple[Task, ...]
    languages: tuple[str, ...]
    task_temperature: float
    sha256: Mapping[str, str]


def read_labels(model_dir: Path) -> Labels:
    """Read and check `labels.json`. Raises: ModelUnusable."""
    raw = _read(model_dir / LABELS_FILE)
    try:
        return _labels(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Its own message would quote file content; the kind of error and the name are enough.
        raise ModelUnusable(
            f"corrupt: {model_dir / LABELS_FILE} is not a valid label file "
            f"({type(error).__name__}); reinstall the model"
        ) from error


def read_verified(model_dir: Path, name: str, labels: Labels) -> bytes:
    """Return the bytes of a model file whose checksum stands in `labels`. Raises: ModelUnusable."""
    raw = _read(model_dir / name)
    if hashlib.sha256(raw).hexdigest() != labels.sha256.get(name):
        raise ModelUnusable(
            f"corrupt: {model_dir / name} does not match the sha256 in {LABELS_FILE}; "
            "reinstall the model"
        )
    return raw


def _labels(value: Mapping[str, Any]) -> Labels:
    tasks = tuple(str(name) for name in value["tasks"])
    temperature = float(value["task_temperature"])
    if not tasks or not set(tasks) <= set(TASKS) or not 0.05 <= temperature <= 20:
        raise ValueError("unknown task or a temperature out of range")
    return Labels(
        version=str(value["version"]),
        tasks=cast("tuple[Task, ...]", tasks),
        languages=tuple(str(name) for name in value["languages"]),
        task_temperature=temperature,
        sha256={str(name): str(entry["sha256"]) for name, entry in value["files"].items()},
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelUnusable(f"missing: {path} does not exist; reinstall the model") from error
    except OSError as error:
        raise ModelUnusable(f"missing: {path} can't be read ({error.strerror})") from error

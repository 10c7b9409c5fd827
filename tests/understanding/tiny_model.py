"""A tokenizer of three words and copies of the real model folder, for tests."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

REAL_MODEL = Path(__file__).parents[2] / "models" / "router"

TINY_TOKENIZER = json.dumps(
    {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "BertProcessing",
            "sep": ["[SEP]", 2],
            "cls": ["[CLS]", 1],
        },
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "fix": 3, "the": 4, "bug": 5},
            "unk_token": "[UNK]",
        },
    }
).encode()


def copy_model(folder: Path, **changes: Any) -> Path:
    """Copy the real model into `folder`, with keys of labels.json replaced by `changes`."""
    shutil.copytree(REAL_MODEL, folder, dirs_exist_ok=True)
    path = folder / "labels.json"
    labels = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**labels, **changes}), encoding="utf-8")
    return folder


def sign(folder: Path, name: str) -> None:
    """Write the checksum of a changed file into labels.json, as a faulty build would."""
    path = folder / "labels.json"
    labels = json.loads(path.read_text(encoding="utf-8"))
    labels["files"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(labels), encoding="utf-8")

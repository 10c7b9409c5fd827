"""What the large model says, kept beside the rows: it teaches the small network without a GPU.

`soft_labels.npz`: of labelled rows, by a digest of their text. `generated.jsonl.gz`: prompts that
a model wrote, with what the teacher says of each and, of those where it was not quite sure, how
a reader labelled them.
"""

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.finetune import Soft
from models.training.rows import DATA, LANGUAGES, ORIGIN_WEIGHTS, Row
from routerd.core.features import TASKS

SOFT_LABELS = "soft_labels.npz"
GENERATED = "generated.jsonl.gz"
SURE = 0.6
"""Probability from which the teacher's language is taken as the label."""
LEAST = 0.01
"""Probability under which a task is not written down."""
READER_SHARE = 0.8
"""A reader's part in the label of a prompt that a model wrote; the rest is the teacher's."""
READ_WEIGHT = 1.5
"""What a prompt that was read counts beside one that was not."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a teacher says of n texts: task [n, 10] and language [n, 28] as probabilities, complexity [n]."""

    task: NDArray[np.float32]
    complexity: NDArray[np.float32]
    language: NDArray[np.float32]


def keep_soft_labels(data: Path, rows: Sequence[Row], said: Opinion) -> None:
    """Write what the teacher says of labelled rows, in 255ths."""
    np.savez_compressed(
        data / SOFT_LABELS,
        digests=np.asarray([_digest(row.text) for row in rows], dtype=np.uint64),
        task=np.rint(said.task * 255).astype(np.uint8),
    )


def keep_generated(data: Path, texts: Sequence[str], said: Opinion) -> None:
    """Write prompts with the teacher's word, sorted, so that the file compresses and compares."""
    with gzip.GzipFile(data / GENERATED, "wb", mtime=0) as out:
        for at in sorted(range(len(texts)), key=texts.__getitem__):
            tongue = said.language[at]
            record = {
                "text": texts[at],
                "task": {
                    TASKS[task]: round(float(share), 2)
                    for task, share in enumerate(said.task[at])
                    if share >= LEAST
                },
                "complexity": round(float(said.complexity[at]), 3),
                "language": LANGUAGES[tongue.argmax()] if tongue.max() >= SURE else None,
            }
            out.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


@cache
def load_generated(data: Path = DATA) -> tuple[tuple[Row, ...], NDArray[np.float32]]:
    """Return the written prompts as rows of their likeliest task, and what is said of it [n, 10].

    A run asks for them several times; they are parsed once.
    """
    rows, said = [], []
    for line in gzip.decompress((data / GENERATED).read_bytes()).splitlines():
        value = json.loads(line)
        shares = np.asarray([value["task"].get(task, 0.0) for task in TASKS], dtype=np.float32)
        shares /= shares.sum()
        label = value.get("read")
        if label is not None:
            shares *= 1 - READER_SHARE
            shares[TASKS.index(label)] += READER_SHARE
        language = value["language"]
        said.append(shares)
        rows.append(
            Row(
                text=value["text"],
                task=int(shares.argmax()),
                complexity=value["complexity"],
                language=None if language is None else LANGUAGES.index(language),
                group="generated",
                origin="generated",
                kind="generated",
                weight=ORIGIN_WEIGHTS["generated"] * (READ_WEIGHT if label else 1.0),
            )
        )
    return tuple(rows), np.stack(said)


def soft_labels(rows: Sequence[Row], data: Path = DATA) -> NDArray[np.float32]:
    """Return what the teacher says of `rows` [n, 10]; rows it never read have their own label."""
    with np.load(data / SOFT_LABELS) as stored:
        known = dict(zip(stored["digests"].tolist(), stored["task"], strict=True))
    result = np.zeros((len(rows), len(TASKS)), dtype=np.float32)
    for at, row in enumerate(rows):
        said = known.get(_digest(row.text))
        if said is None:
            result[at, row.task] = 1.0
        else:
            result[at] = said / said.sum(dtype=np.float32)
    return result


def with_teacher(
    rows: Sequence[Row], share: float, data: Path = DATA, limit: int = 0
) -> tuple[list[Row], Soft]:
    """Return labelled rows, then `limit` (0: all) written ones, and what the teacher says of them.

    `share` is the teacher's part in the labels of labelled rows; written ones have no other.
    """
    generated, heard = load_generated(data)
    generated, heard = generated[: limit or None], heard[: limit or None]
    said = torch.from_numpy(np.concatenate([soft_labels(rows, data), heard]))
    shares = torch.cat([torch.full((len(rows),), share), torch.ones(len(generated))])
    return [*rows, *generated], Soft(said, shares)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

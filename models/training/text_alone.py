"""What readers say of a prompt that they see without its session.

People's labels were given in the session, where "do the second one" says all. The network sees the
text alone, and taught such a label as if the text gave it, it learns the text by heart. Here a
reader said, as probabilities, what those who see the session would have answered. So did
the writers of `written/sessions.jsonl` and `written/histories_after_logs.jsonl`, of whose prompts it
is the only label.
`text_alone.tsv.gz` has a line a text: the first 16 hex digits of its SHA-256, tasks with their shares
in hundredths, complexity 1..5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.aspects import KINDS, load_aspects, shares_among
from models.training.finetune import Soft
from models.training.rows import DATA, Row, digest_of, packed_lines
from routerd.core.features import TASKS

READINGS = "text_alone.tsv.gz"
PEOPLES, WRITTEN_BY_MODELS, OF_SESSIONS = 0.5, 0.7, 1.0
"""A reading's part in the labels of people's prompts, which were labelled in their session, of
those that a model wrote, which have no session, and of those written with it."""
OF_KINDS = 0.3
"""The part of what their kinds say in the labels of people's prompts."""
_TASK_OF_KIND = {
    "c": "completion",
    "g": "generation",
    "r": "refactoring",
    "b": "debugging",
    "d": "documentation",
    "t": "testing",
    "e": "explanation",
    "v": "review",
    "o": "operations",
    "x": "other",
}
SESSION = "session"
"""The kind of rows that were written as somebody's history."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Task shares [10] that add up to one; complexity 0..1."""

    task: NDArray[np.float32]
    complexity: float


@cache
def load_readings(data: Path = DATA) -> dict[str, Reading]:
    """Return digest of a text -> reading.

    Raises: FileNotFoundError without the file, ValueError for a line that is none.
    """
    readings = {}
    for line in packed_lines(data / READINGS):
        digest, shares, level = line.split("\t")
        readings[digest] = Reading(shares_of(shares), (float(level) - 1) / 4)
    return readings


def with_readers(rows: Sequence[Row], soft: Soft, data: Path = DATA) -> tuple[list[Row], Soft]:
    """Mix what readers say into the labels of `rows` and what a teacher says of them.

    Rows that nobody read, and those that somebody made to a label, stay as they are.
    """
    readings = load_readings(data)
    result = list(rows)
    task, share = soft.task.clone(), soft.share.clone()
    before = soft.labels([row.task for row in rows])
    for at, row in enumerate(rows):
        weight = _weight(row)
        reading = readings.get(digest_of(row.text)) if weight else None
        if reading is None:
            continue
        task[at] = torch.lerp(before[at], torch.from_numpy(reading.task), weight)
        share[at] = 1.0
        level = row.complexity
        if level is not None:
            level += weight * (reading.complexity - level)
        likeliest = row.task if row.by_people else int(task[at].argmax())
        result[at] = replace(row, task=likeliest, complexity=level)
    return result, Soft(task, share)


def with_kinds(rows: Sequence[Row], soft: Soft, data: Path = DATA) -> Soft:
    """Move the labels of people's prompts towards the tasks of the kinds that readers gave them."""
    told = load_aspects(data)
    tasks = torch.zeros(len(KINDS), len(TASKS))
    for at, kind in enumerate(KINDS):
        tasks[at, TASKS.index(_TASK_OF_KIND[kind[0]])] = 1.0
    task = soft.task.clone()
    for at, row in enumerate(rows):
        aspects = told.get(digest_of(row.text)) if row.by_people and soft.share[at] else None
        if aspects is not None:
            said = torch.from_numpy(aspects[-len(KINDS) :]) @ tasks
            task[at] = torch.lerp(task[at], said, OF_KINDS)
    return Soft(task, soft.share)


def _weight(row: Row) -> float:
    if row.by_people:
        return PEOPLES
    if row.kind == SESSION:
        return OF_SESSIONS
    return WRITTEN_BY_MODELS if row.origin == "generated" else 0.0


def shares_of(text: str) -> NDArray[np.float32]:
    """Return what tasks with their shares say, [10], adding up to one. Raises: ValueError."""
    return shares_among(TASKS, text)

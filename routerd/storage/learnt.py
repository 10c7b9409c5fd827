"""What is kept of learning: evidence of single answers, and the cells of the performance matrix.

It runs inside the writer's transaction or on a reader's connection; it knows no formula.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from routerd.core.features import Reading
from routerd.core.lesson import Lesson
from routerd.storage.database import Connection

# Rows of evidence kept; decisions are kept as many.
KEPT_EVIDENCE = 60_000
_SWEEP_EVERY = 256

CellRow = tuple[tuple[str, ...], Mapping[str, float]]
"""The key of a cell, coarse to fine, and its numbers by name."""


# `cross join` keeps the order of the loops, as in storage.vector_index.
_LESSONS = """
    select v.embedding, m.model, m.success, d.task, d.language, d.complexity, d.task_confidence,
        d.input_tokens
    from (
        select * from memories
        where embedder = ? and decision_id in (select decision_id from evidence)
        order by at_unix_s desc limit ?
    ) as m
    cross join decisions as d on d.id = m.decision_id
    cross join memory_vectors as v on v.id = m.id
"""


def amend(connection: Connection, decision_id: str, success: float) -> None:
    """Say what the memory of a decision is worth after all. Raises: SqliteError."""
    connection.execute(
        "update memories set success = ? where decision_id = ?", (success, decision_id)
    )


def note(connection: Connection, decision_id: str, kind: str, value: float, at_s: float) -> None:
    """Keep one piece of evidence. Raises: SqliteError."""
    connection.execute(
        "insert into evidence (decision_id, at_unix_s, kind, value) values (?, ?, ?, ?)",
        (decision_id, at_s, kind, value),
    )
    if (rowid := connection.last_insert_rowid()) % _SWEEP_EVERY == 0:
        connection.execute("delete from evidence where rowid <= ?", (rowid - KEPT_EVIDENCE,))


def read_evidence(connection: Connection, decision_id: str) -> list[dict[str, Any]]:
    """Return the evidence of a decision, oldest first. Raises: SqliteError."""
    rows = connection.execute(
        "select at_unix_s, kind, value from evidence where decision_id = ? order by rowid",
        (decision_id,),
    )
    return [{"at_unix_s": at_s, "kind": kind, "value": value} for at_s, kind, value in rows]


def read_judged(connection: Connection, count: int) -> list[tuple[float, frozenset[str]]]:
    """Return the newest answers that a user gave a word on: the word, and what was seen before.

    Raises: SqliteError.
    """
    rows = connection.execute(
        "select decision_id, kind, value from evidence where decision_id in ("
        "select decision_id from evidence where kind = 'feedback' order by rowid desc limit ?)"
        "order by rowid",
        (max(0, count),),
    )
    words: dict[str, float] = {}
    seen: dict[str, set[str]] = {}
    for identity, kind, value in rows:
        if kind == "feedback":
            words[identity] = value
        elif identity not in words:
            seen.setdefault(identity, set()).add(kind)
    return [(word, frozenset(seen.get(identity, ()))) for identity, word in words.items()]


def read_lessons(connection: Connection, embedder: str, count: int) -> tuple[Lesson, ...]:
    """Return the newest tasks of which something was seen after the answer. Raises: SqliteError."""
    rows = connection.execute(_LESSONS, (embedder, max(0, count)))
    return tuple(
        Lesson(
            model,
            success,
            Reading(task, confidence or 0.0, complexity or 0.0, language, embedding),
            tokens,
        )
        for embedding, model, success, task, language, complexity, confidence, tokens in rows
    )


def save_cells(connection: Connection, cells: Iterable[CellRow]) -> None:
    """Replace the matrix by these cells. Raises: SqliteError."""
    connection.execute("delete from matrix")
    for key, numbers in cells:
        values = (json.dumps(key), json.dumps(dict(numbers)))
        connection.execute("insert into matrix (key_json, cell_json) values (?, ?)", values)


def read_cells(connection: Connection) -> list[CellRow]:
    """Return the matrix as it was saved; a row that can't be read is left out."""
    found: list[CellRow] = []
    for key_text, cell_text in connection.execute("select key_json, cell_json from matrix"):
        try:
            key, cell = json.loads(key_text), json.loads(cell_text)
            found.append((tuple(map(str, key)), {str(n): float(v) for n, v in cell.items()}))
        except (ValueError, TypeError, AttributeError):
            continue
    return found

"""Deletes decisions, outcomes and memories for good: nothing of them stays in the file."""

import logging
import struct
from dataclasses import dataclass, replace

from routerd.core.decision import Decision
from routerd.storage.database import Connection, SqliteError, fold_wal
from routerd.storage.sketch import DIMENSIONS
from routerd.storage.vector_index import replace_vector

_log = logging.getLogger(__name__)
# What a vector is overwritten with before its row goes: sqlite-vec may leave its bytes behind.
_BLANK = struct.pack(f"<{DIMENSIONS}f", 1.0, *([0.0] * (DIMENSIONS - 1)))
# Evidence of decisions that are gone; that of an answer which another one replaced is named
# after its decision, a slash and the model.
_ORPHANS = """
    delete from evidence where substr(decision_id, 1, instr(decision_id || '/', '/') - 1)
        not in (select id from decisions)
"""


@dataclass(frozen=True, slots=True)
class Forget:
    """What shall be forgotten: of one workspace, from and until a time (Unix), or, with all
    fields empty, everything.
    """

    workspace: str | None = None
    since_unix_s: float | None = None
    until_unix_s: float | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows went. `set_aside`: files set aside earlier, which may hold what was forgotten
    here; they went too where everything did, and lie there still where only a part did.
    """

    decisions: int = 0
    memories: int = 0
    sums: int = 0
    set_aside: int = 0


def without_embedding(decision: Decision) -> Decision:
    """Return the decision without its prompt's embedding."""
    features = decision.features
    reading = replace(features.reading, embedding=b"")
    return replace(decision, features=replace(features, reading=reading))


def forget(connection: Connection, what: Forget) -> Forgotten:
    """Delete what fits. Sums of money go only with everything: budgets must not be reset by it.

    Raises: SqliteError.
    """
    connection.pragma("secure_delete", True)
    where, values = _where(what)
    memories = [
        int(row[0])
        for row in connection.execute(f"select id from memories where {where}", values)  # noqa: S608  # fixed texts
    ]
    for memory in memories:
        replace_vector(connection, memory, _BLANK)
        connection.execute("delete from memory_vectors where id = ?", (memory,))
        connection.execute("delete from memories where id = ?", (memory,))
    connection.execute(f"delete from decisions where {where}", values)  # noqa: S608  # fixed texts
    decisions = connection.changes()
    connection.execute(_ORPHANS)
    sums = 0
    if what == Forget():
        connection.execute("delete from matrix")
        connection.execute("delete from spending")
        sums = connection.changes()
        connection.execute("delete from daily")
        connection.execute("delete from rule_hits")
        connection.execute(
            "update totals set requests = 0, failures = 0, input_tokens = 0, output_tokens = 0, "
            "cost_usd = 0, baseline_cost_usd = 0"
        )
    return Forgotten(decisions, len(memories), sums)


def tidy(connection: Connection) -> None:
    """Build the file anew and fold the write-ahead log away: both hold pages as they were.

    secure_delete zeroes what is deleted, but not the copies that splitting a page left behind
    before. Two seconds for 200 MB; requests go on meanwhile.
    """
    try:
        connection.execute("vacuum")
        fold_wal(connection)
    except SqliteError as error:
        _log.error("what was forgotten may still be in the file's unused parts: %s", error)


def _where(what: Forget) -> tuple[str, tuple[str | float, ...]]:
    parts: list[str] = []
    values: list[str | float] = []
    for text, value in (
        ("workspace = ?", what.workspace),
        ("at_unix_s >= ?", what.since_unix_s),
        ("at_unix_s < ?", what.until_unix_s),
    ):
        if value is not None:
            parts.append(text)
            values.append(value)
    return " and ".join(parts) or "true", tuple(values)

"""What is written for one answered request; it runs inside the writer's transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.storage import statistics
from routerd.storage.codec import decision_to_json, to_json
from routerd.storage.database import Connection
from routerd.storage.vector_index import insert_vector, replace_vector, usable

KEPT_DECISIONS = 20_000
"""Older decisions and outcomes are deleted (10 candidates take 5 KB); totals and memories stay."""

_SWEEP_EVERY = 256
_FUTURE_S = 86_400.0

FACT_NAMES = ("session", "client", "workspace", "dialect", "digest")


@dataclass(frozen=True, slots=True)
class Answered:
    """One request from its end. `facts` holds the names in FACT_NAMES; others are not stored."""

    decision: Decision
    outcome: Outcome
    facts: Mapping[str, Any]
    at_unix_s: float


def record(
    connection: Connection, answered: Answered, *, embedder: str, max_memories: int
) -> int | None:
    """Write decision, outcome, totals and, where something was learnt, the memory.

    Returns the id of the memory, or None where none was made. A decision that is already there
    is left as it is. Raises: SqliteError.
    """
    if not _insert_decision(connection, answered):
        return None
    if (rowid := connection.last_insert_rowid()) % _SWEEP_EVERY == 0:
        connection.execute("delete from decisions where rowid <= ?", (rowid - KEPT_DECISIONS,))
        _call_back(connection, answered.at_unix_s)
    _insert_outcome(connection, answered)
    _add_to_totals(connection, answered.outcome)
    statistics.add(connection, answered.decision, answered.outcome, answered.at_unix_s)
    embedding = answered.decision.features.reading.embedding
    if answered.outcome.success is None or not usable(embedding):
        return None
    return _remember(connection, answered, embedding, embedder, max_memories)


def mark_useful(connection: Connection, memories: Sequence[int], at_unix_s: float) -> None:
    """Note that these memories were of use, so that others make room first.

    It makes none older, unless a wrong clock had put it into the future.
    """
    connection.execute(
        "update memories set useful_at_unix_s = ?1 "
        "where (useful_at_unix_s < ?1 or useful_at_unix_s > ?1 + ?3) "
        "and id in (select value from json_each(?2))",
        (at_unix_s, json.dumps(list(memories)), _FUTURE_S),
    )


def _call_back(connection: Connection, now_s: float) -> None:
    """Take memories out of the future, where a wrong clock put them: they would never make room."""
    connection.execute(
        "update memories set useful_at_unix_s = ?1 where useful_at_unix_s > ?1 + ?2",
        (now_s, _FUTURE_S),
    )


def _insert_decision(connection: Connection, answered: Answered) -> bool:
    decision, reading = answered.decision, answered.decision.features.reading
    chosen = decision.chosen
    _insert(
        connection,
        "insert or ignore into decisions",
        {
            "id": decision.id,
            "at_unix_s": answered.at_unix_s,
            **{name: str(answered.facts.get(name, "")) for name in FACT_NAMES},
            "requested_model": decision.requested_model,
            "profile": decision.profile,
            "task": reading.task,
            "task_confidence": reading.task_confidence,
            "complexity": reading.complexity,
            "language": reading.language,
            "input_tokens": decision.features.input_tokens,
            "chosen": chosen.candidate.name if chosen else "",
            "decide_ms": decision.decide_ms,
            "decision_json": decision_to_json(decision),
            "reason": decision.reason,
        },
    )
    return connection.changes() > 0


def _insert_outcome(connection: Connection, answered: Answered) -> None:
    outcome = answered.outcome
    _insert(
        connection,
        "insert into outcomes",
        {
            "decision_id": answered.decision.id,
            "at_unix_s": answered.at_unix_s,
            "finish": outcome.finish,
            "model": outcome.model,
            "success": outcome.success,
            "ttft_s": outcome.ttft_s,
            "duration_s": outcome.duration_s,
            "input_tokens": outcome.usage.input_tokens,
            "output_tokens": outcome.usage.output_tokens,
            "cached_tokens": outcome.usage.cached_tokens,
            "cost_usd": outcome.cost_usd,
            "baseline_cost_usd": outcome.baseline_cost_usd,
            "attempts_json": to_json(outcome.attempts),
            "error": outcome.error,
            "zone": statistics.zone_of(answered.decision, outcome),
        },
    )


def _add_to_totals(connection: Connection, outcome: Outcome) -> None:
    connection.execute(
        "update totals set requests = requests + 1, failures = failures + ?, "
        "input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, "
        "cost_usd = cost_usd + coalesce(?, 0), "
        "baseline_cost_usd = baseline_cost_usd + coalesce(?, 0)",
        (
            int(outcome.finish == "failed"),
            max(outcome.usage.input_tokens, 0),
            max(outcome.usage.output_tokens, 0),
            outcome.cost_usd,
            outcome.baseline_cost_usd,
        ),
    )


def _remember(
    connection: Connection, answered: Answered, embedding: bytes, embedder: str, limit: int
) -> int:
    memory, is_new = _make_room(connection, limit)
    reading = answered.decision.features.reading
    _insert(
        connection,
        "insert or replace into memories",
        {
            "id": memory,
            "decision_id": answered.decision.id,
            "at_unix_s": answered.at_unix_s,
            "useful_at_unix_s": answered.at_unix_s,
            "model": answered.outcome.model,
            "success": answered.outcome.success,
            "workspace": str(answered.facts.get("workspace", "")),
            "language": reading.language,
            "task": reading.task,
            "embedder": embedder,
        },
    )
    (insert_vector if is_new else replace_vector)(connection, memory, embedding)
    return memory


def _make_room(connection: Connection, limit: int) -> tuple[int, bool]:
    """Return the id to write to and whether it is new; the least useful memory gives way."""
    last = int(connection.execute("select coalesce(max(id), 0) from memories").get)
    if last < limit:
        return last + 1, True
    by_use = "select id from memories order by useful_at_unix_s, id limit 1"
    return int(connection.execute(by_use).get), False


def _insert(connection: Connection, verb: str, row: Mapping[str, Any]) -> None:
    """Insert by column names, which come from this file alone, never from outside."""
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    values = tuple(_storable(value) for value in row.values())
    connection.execute(f"{verb} ({names}) values ({marks})", values)


def _storable(value: Any) -> Any:
    # A client's JSON may hold half a surrogate pair, which has no UTF-8.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

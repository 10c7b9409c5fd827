"""Reads past decisions and what came of them; it writes nothing."""

import json
from typing import Any

from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.storage.codec import decision_from_json, decode
from routerd.storage.database import Connection, read_dicts
from routerd.storage.learnt import read_evidence

Past = tuple[Decision, Outcome | None, dict[str, Any]]
"""A decision, its outcome, and the facts of the request (when, who, where, digest)."""

LAST = "last"

_FACTS = "at_unix_s, session, client, workspace, dialect, digest"
_OUTCOME = (
    "finish, model, success, ttft_s, duration_s, input_tokens, output_tokens, cached_tokens, "
    "cost_usd, baseline_cost_usd, attempts_json, error"
)


def read_past(connection: Connection, id_or_last: str) -> Past | None:
    """Return one decision, or None where there is no such. Raises: SqliteError, ValueError."""
    last = id_or_last == LAST
    which = "order by rowid desc limit 1" if last else "where id = ?"
    select = f"select id, decision_json, {_FACTS} from decisions {which}"  # noqa: S608  # constants
    rows = read_dicts(connection, select, () if last else (id_or_last,))
    if not rows:
        return None
    facts = rows[0]
    decision = decision_from_json(facts.pop("decision_json"))
    identity = facts.pop("id")
    facts["evidence"] = read_evidence(connection, identity)
    return decision, _read_outcome(connection, identity), facts


def read_pasts(connection: Connection, count: int) -> tuple[Past, ...]:
    """Return the newest decisions with what came of them, newest first.

    One that can't be rebuilt is left out. Raises: SqliteError.
    """
    chosen = "select id from decisions order by rowid desc limit ?"
    found = []
    for (identity,) in connection.execute(chosen, (max(0, count),)).fetchall():
        try:
            past = read_past(connection, str(identity))
        except ValueError:
            continue  # another version's row
        if past is not None:
            found.append(past)
    return tuple(found)


def read_counts(connection: Connection) -> dict[str, Any]:
    """Return the sums over all requests ever, and how many memories are held."""
    totals = read_dicts(connection, "select * from totals", ())[0]
    del totals["id"]
    memories = connection.execute("select coalesce(max(id), 0) from memories").get
    return {**totals, "memories": memories}


def _read_outcome(connection: Connection, decision_id: str) -> Outcome | None:
    select = f"select {_OUTCOME} from outcomes where decision_id = ?"  # noqa: S608  # a constant
    rows = read_dicts(connection, select, (decision_id,))
    if not rows:
        return None
    row = rows[0]
    row["decision_id"] = decision_id
    row["attempts"] = json.loads(row.pop("attempts_json"))
    row["usage"] = {name: row[name] for name in ("input_tokens", "output_tokens", "cached_tokens")}
    return decode(Outcome, row)

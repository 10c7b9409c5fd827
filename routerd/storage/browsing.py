"""Past decisions as a list to look through: filtered, newest first, page by page; it writes nothing."""

import json
from dataclasses import dataclass
from typing import Any

from routerd.storage.database import Connection, read_dicts

MOST_ROWS = 500

_COLUMNS = """
    select d.rowid as cursor, d.id, d.at_unix_s as unix_s, d.client, d.workspace, d.session,
        d.dialect, d.requested_model, d.task, d.task_confidence, d.complexity, d.language,
        d.chosen, coalesce(nullif(o.model, ''), d.chosen) as model, coalesce(o.zone, '') as zone,
        d.reason, o.finish, o.success, o.ttft_s, o.duration_s, o.cost_usd, o.baseline_cost_usd,
        max(o.input_tokens, -1) as input_tokens, max(o.output_tokens, -1) as output_tokens,
        json_array_length(o.attempts_json) as attempts, o.error
    from decisions as d left join outcomes as o on o.decision_id = d.id
"""
# What a search looks at; the reason comes last because it stands behind the decision's own JSON.
_SEARCHED = (
    "d.id", "d.client", "d.workspace", "d.task", "d.language", "d.chosen", "o.model",
    "d.requested_model", "o.finish", "o.error", "d.reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions: older than `before` (a cursor of an earlier page), and what must fit.

    `q` is looked for in names, reasons and errors, whatever its case; '' and None mean any.
    """

    limit: int = 100
    before: int | None = None
    q: str = ""
    task: str = ""
    model: str = ""
    zone: str = ""
    finish: str = ""
    session: str = ""
    ids: tuple[str, ...] = ()


def read_page(connection: Connection, wanted: Wanted) -> tuple[list[dict[str, Any]], int | None]:
    """Return the rows, newest first, and the cursor of the next page, None at the end.

    Raises: SqliteError.
    """
    limit = min(max(wanted.limit, 1), MOST_ROWS)
    where, values = _where(wanted)
    select = f"{_COLUMNS} where {where} order by d.rowid desc limit ?"
    rows = read_dicts(connection, select, (*values, limit + 1))
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1]["cursor"] if rows else None
    for row in rows:
        del row["cursor"]
    return rows, last if more else None


def _where(wanted: Wanted) -> tuple[str, tuple[str | int, ...]]:
    parts: list[str] = ["true"]
    values: list[str | int] = []
    if wanted.before is not None:
        parts.append("d.rowid < ?")
        values.append(wanted.before)
    for text, value in (
        ("d.task = ?", wanted.task),
        ("coalesce(nullif(o.model, ''), d.chosen) = ?", wanted.model),
        ("o.zone = ?", wanted.zone),
        ("o.finish = ?", wanted.finish),
        ("d.session = ?", wanted.session),
    ):
        if value:
            parts.append(text)
            values.append(value)
    if wanted.ids:
        parts.append("d.id in (select value from json_each(?))")
        values.append(json.dumps(wanted.ids))
    # SQLite takes a NUL for the end of a pattern.
    for word in wanted.q.replace("\0", " ").split()[:8]:
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        either = " or ".join(f"{column} like ? escape '\\'" for column in _SEARCHED)
        parts.append(f"({either})")
        values.extend([f"%{escaped}%"] * len(_SEARCHED))
    return " and ".join(parts), tuple(values)

"""Sums by day, task, model and zone, and what is read of them; numbers and names, no prompts.

It runs inside the writer's transaction or on a reader's connection. Money is in US dollars.
"""

import time
from typing import Any

from routerd.core.decision import Decision
from routerd.core.outcome import Outcome
from routerd.storage.database import Connection, read_dicts

# Three years; one day has as many rows as different (task, model, zone) answered in it.
KEPT_DAYS = 1100
MOST_DAYS = 400
MOST_MODELS = 50
# Percentiles are of the newest answers alone: what they would say of last year helps nobody.
TIMED_ANSWERS = 5000

_SUMS = """
    coalesce(sum(requests), 0) as requests, coalesce(sum(failures), 0) as failures,
    coalesce(sum(iif(zone = '', 0, requests)), 0) as answered,
    coalesce(sum(iif(zone = 'device', requests, 0)), 0) as answered_here,
    coalesce(sum(compared), 0) as compared, coalesce(sum(input_tokens), 0) as input_tokens,
    coalesce(sum(output_tokens), 0) as output_tokens, coalesce(sum(cost_usd), 0.0) as cost_usd,
    coalesce(sum(baseline_cost_usd), 0.0) as baseline_cost_usd,
    coalesce(sum(saved_usd), 0.0) as saved_usd
"""
# The smallest value that at least that share of the values does not exceed (nearest rank).
_TIMES = """
    with newest as (
        select model, ttft_s, duration_s from outcomes
        where finish not in ('failed', 'cancelled') and at_unix_s >= ?
        order by rowid desc limit ?
    ), long as (
        select model, 'ttft_s' as what, ttft_s as seconds from newest where ttft_s >= 0
        union all select model, 'duration_s', duration_s from newest where duration_s >= 0
        union all select null, 'ttft_s', ttft_s from newest where ttft_s >= 0
        union all select null, 'duration_s', duration_s from newest where duration_s >= 0
    ), placed as (
        select model, what, seconds,
            row_number() over (partition by model, what order by seconds) as place,
            count(*) over (partition by model, what) as many
        from long
    )
    select model, what, min(many),
        min(seconds) filter (where place * 2 >= many),
        min(seconds) filter (where place * 20 >= many * 19)
    from placed group by model, what
"""


def zone_of(decision: Decision, outcome: Outcome) -> str:
    """Return the zone of who answered, '' where nobody did."""
    named = (e.candidate for e in decision.ranked if e.candidate.name == outcome.model)
    return next((candidate.zone for candidate in named), "")


def day_of(at_unix_s: float) -> str:
    """Return the local date (YYYY-MM-DD) of a time."""
    return time.strftime("%Y-%m-%d", time.localtime(at_unix_s))


def add(connection: Connection, decision: Decision, outcome: Outcome, at_unix_s: float) -> None:
    """Count one answered request. Raises: SqliteError."""
    baseline, day = outcome.baseline_cost_usd or 0.0, day_of(at_unix_s)
    numbers = (
        1,
        int(outcome.finish == "failed"),
        int(baseline > 0),
        max(outcome.usage.input_tokens, 0),
        max(outcome.usage.output_tokens, 0),
        outcome.cost_usd or 0.0,
        baseline,
        baseline - (outcome.cost_usd or 0.0) if baseline > 0 else 0.0,
    )
    key = (day, decision.features.reading.task, outcome.model, zone_of(decision, outcome))
    connection.execute(
        "insert into daily values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
        "on conflict do update set requests = requests + ?5, failures = failures + ?6, "
        "compared = compared + ?7, input_tokens = input_tokens + ?8, "
        "output_tokens = output_tokens + ?9, cost_usd = cost_usd + ?10, "
        "baseline_cost_usd = baseline_cost_usd + ?11, saved_usd = saved_usd + ?12",
        (*key, *numbers),
    )
    connection.execute(
        f"delete from daily where day < date(?, '-{KEPT_DAYS} days')",  # noqa: S608  # a number
        (day,),
    )
    for rule in decision.policy_rules:
        connection.execute(
            "insert into rule_hits (rule, hits, last_unix_s) values (?1, 1, ?2) "
            "on conflict do update set hits = hits + 1, last_unix_s = ?2",
            (rule, at_unix_s),
        )


def read(connection: Connection, days: int, now_unix_s: float) -> dict[str, Any]:
    """Return sums of today, this month and ever, and of the last `days` days by day, task, model
    and zone; with the times of the newest answers.

    At most MOST_DAYS days and MOST_MODELS models; days without a request are left out.
    Raises: SqliteError.
    """
    today = day_of(now_unix_s)
    days = min(max(days, 1), MOST_DAYS)
    since = day_of(now_unix_s - (days - 1) * 86_400)
    times = _times(connection, now_unix_s - days * 86_400)
    by_model = _grouped(connection, "model, zone", since, "requests desc", MOST_MODELS)
    for row in by_model:
        row["latency"] = times.get(row["model"], {})
    return {
        "days": days,
        "today": _summed(connection, "day = ?", today),
        "month": _summed(connection, "substr(day, 1, 7) = ?", today[:7]),
        "period": _summed(connection, "day >= ?", since),
        "total": _summed(connection, "day >= ?", ""),
        "by_day": _grouped(connection, "day", since, "day", MOST_DAYS),
        "by_task": _grouped(connection, "task", since, "requests desc", MOST_MODELS),
        "by_model": by_model,
        "by_zone": _grouped(connection, "zone", since, "requests desc", MOST_MODELS),
        "latency": times.get(None, {}),
    }


def read_saved(connection: Connection, now_unix_s: float) -> tuple[float, float]:
    """Return what was saved today and this month, in US dollars. Raises: SqliteError."""
    today = day_of(now_unix_s)
    sums = "select coalesce(sum(iif(day = ?1, saved_usd, 0)), 0.0), coalesce(sum(saved_usd), 0.0)"
    row = connection.execute(f"{sums} from daily where day >= ?2", (today, f"{today[:7]}-01"))
    return next((float(day), float(month)) for day, month in row)


def read_rule_hits(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return by rule how often it applied and when last. Raises: SqliteError."""
    rows = connection.execute("select rule, hits, last_unix_s from rule_hits")
    return {rule: {"hits": hits, "last_unix_s": last} for rule, hits, last in rows}


def _summed(connection: Connection, where: str, value: str) -> dict[str, Any]:
    select = f"select {_SUMS} from daily where {where}"  # noqa: S608  # constants
    return read_dicts(connection, select, (value,))[0]


def _grouped(
    connection: Connection, columns: str, since: str, order: str, most: int
) -> list[dict[str, Any]]:
    select = (
        f"select {columns}, {_SUMS} from daily where day >= ? "  # noqa: S608  # constants
        f"group by {columns} order by {order} limit ?"
    )
    return read_dicts(connection, select, (since, most))


def _times(connection: Connection, since_unix_s: float) -> dict[str | None, dict[str, Any]]:
    """Return the times by model; None stands for all of them."""
    found: dict[str | None, dict[str, Any]] = {}
    for model, what, many, p50, p95 in connection.execute(_TIMES, (since_unix_s, TIMED_ANSWERS)):
        found.setdefault(model, {})[what] = {"answers": many, "p50": p50, "p95": p95}
    return found

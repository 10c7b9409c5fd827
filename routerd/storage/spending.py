"""Money spent by day, workspace and client: sums that budgets are measured against."""

from routerd.policy.budgets import Spent
from routerd.storage.database import Connection

# Days on which something was spent. Counted, not reckoned from today: a clock that was ahead for a
# while must not take the account of the month with it.
KEPT_DAYS = 400


def add(connection: Connection, entry: Spent) -> None:
    """Add to the sum of that day, workspace and client; below zero there is none.

    Raises: SqliteError.
    """
    connection.execute(
        "insert into spending (day, workspace, client, usd) values (?1, ?2, ?3, max(0.0, ?4)) "
        "on conflict (day, workspace, client) do update set usd = max(0.0, usd + ?4)",
        (entry.day, entry.workspace, entry.client, entry.usd),
    )
    connection.execute(
        "delete from spending where day < "
        "(select day from (select distinct day from spending) order by day desc limit 1 offset ?)",
        (KEPT_DAYS - 1,),
    )


def since(connection: Connection, day: str = "") -> tuple[Spent, ...]:
    """Return all sums from that day (YYYY-MM-DD) on. Raises: SqliteError."""
    rows = connection.execute(
        "select day, workspace, client, usd from spending where day >= ? order by day", (day,)
    )
    return tuple(Spent(str(d), str(w), str(c), float(usd)) for d, w, c, usd in rows)

"""Money spent by day, workspace and client: sums that budgets are measured against."""

from routerd.policy.budgets import Spent
from routerd.storage.database import Connection

# A month and what a clock that is set back may need; older days serve no budget.
KEPT_DAYS = 100


def add(connection: Connection, entry: Spent) -> None:
    """Add to the sum of that day, workspace and client. Raises: SqliteError."""
    connection.execute(
        "insert into spending (day, workspace, client, usd) values (?1, ?2, ?3, ?4) "
        "on conflict (day, workspace, client) do update set usd = usd + excluded.usd",
        (entry.day, entry.workspace, entry.client, entry.usd),
    )
    connection.execute(
        f"delete from spending where day < date(?, '-{KEPT_DAYS} days')",  # noqa: S608  # a number
        (entry.day,),
    )


def since(connection: Connection, day: str) -> tuple[Spent, ...]:
    """Return all sums from that day (YYYY-MM-DD) on. Raises: SqliteError."""
    rows = connection.execute(
        "select day, workspace, client, usd from spending where day >= ? order by day", (day,)
    )
    return tuple(Spent(str(d), str(w), str(c), float(usd)) for d, w, c, usd in rows)

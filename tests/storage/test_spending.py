"""Sums of money."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from routerd.policy.budgets import Spent
from routerd.storage import spending
from routerd.storage.database import Connection, open_connection
from routerd.storage.migrations import migrate


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    (tmp_path / "state.db").touch()
    opened = open_connection(tmp_path / "state.db", writable=True)
    migrate(opened)
    yield opened
    opened.close()


def test_sums_add_up_by_day_workspace_and_client(connection: Connection) -> None:
    for entry in (
        Spent("2026-11-27", "/w", "cursor", 0.5),
        Spent("2026-11-27", "/w", "cursor", 0.25),
        Spent("2026-11-27", "/v", "cursor", 1.0),
        Spent("2026-10-31", "/w", "cursor", 9.0),
    ):
        spending.add(connection, entry)
    assert spending.since(connection, "2026-11") == (
        Spent("2026-11-27", "/v", "cursor", 1.0),
        Spent("2026-11-27", "/w", "cursor", 0.75),
    )


def test_what_was_reserved_is_given_back_and_no_sum_falls_below_zero(
    connection: Connection,
) -> None:
    for usd in (0.5, -0.3, -0.9, 0.25):
        spending.add(connection, Spent("2026-11-27", "", "", usd))
    (left,) = spending.since(connection)
    assert left.usd == pytest.approx(0.25)
    spending.add(connection, Spent("2026-11-28", "", "", -0.5))
    assert [entry.usd for entry in spending.since(connection, "2026-11-28")] == [0.0]


def test_a_clock_that_was_years_ahead_takes_no_account_with_it(connection: Connection) -> None:
    for day in ("2026-11-26", "2026-11-27", "2036-01-01", "1999-12-31", "2026-11-28"):
        spending.add(connection, Spent(day, "", "", 1.0))
    days = [entry.day for entry in spending.since(connection)]
    assert days == ["1999-12-31", "2026-11-26", "2026-11-27", "2026-11-28", "2036-01-01"]


def test_days_beyond_those_that_are_kept_are_dropped(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "KEPT_DAYS", 3)
    for number in range(10, 20):
        spending.add(connection, Spent(f"2026-11-{number}", "/a", "", 1.0))
        spending.add(connection, Spent(f"2026-11-{number}", "/b", "", 1.0))
    days = [entry.day for entry in spending.since(connection)]
    assert days == ["2026-11-17"] * 2 + ["2026-11-18"] * 2 + ["2026-11-19"] * 2

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


def test_days_that_no_budget_looks_at_are_dropped(connection: Connection) -> None:
    spending.add(connection, Spent("2026-01-01", "", "", 1.0))
    spending.add(connection, Spent("2026-11-27", "", "", 1.0))
    assert [entry.day for entry in spending.since(connection, "")] == ["2026-11-27"]

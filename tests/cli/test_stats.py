"""`routerd stats`: drawn within the terminal, from a daemon or from the file."""

from pathlib import Path
from typing import Any

import pytest

from routerd.cli import main as cli
from routerd.cli import stats
from tests.cli.golden import drawn, kept

WIDTHS = (80, 140)


def sums(requests: int, here: int, cost: float, saved: float, **more: Any) -> dict[str, Any]:
    return {
        "requests": requests,
        "failures": 1 if requests > 40 else 0,
        "answered": requests,
        "answered_here": here,
        "compared": requests,
        "input_tokens": 1200 * requests,
        "output_tokens": 300 * requests,
        "cost": cost,
        "baseline_cost": cost + saved,
        "saved": saved,
        "local_share": here / requests if requests else None,
        **more,
    }


def times(first: float, whole: float) -> dict[str, Any]:
    return {
        "ttft_s": {"answers": 9, "p50": first, "p95": 2 * first},
        "duration_s": {"answers": 9, "p50": whole, "p95": 3 * whole},
    }


FOUND = {
    "days": 14,
    "currency": "USD",
    "per_usd": 1.0,
    "baseline": "anthropic/claude-sonnet-4-6",
    "today": sums(4, 3, 0.01, 0.04),
    "month": sums(60, 50, 0.21, 1.34),
    "period": sums(60, 50, 0.21, 1.34),
    "total": sums(900, 800, 3.2, 17.5),
    "by_day": [
        sums(n, n, 0.0, n / 30, day=f"2026-11-{day}") for day, n in ((14, 9), (15, 2), (27, 30))
    ],
    "by_task": [
        sums(30, 28, 0.01, 0.9, task="debugging"),
        sums(20, 16, 0.1, 0.4, task="generation"),
        sums(10, 1, 0.1, 0.04, task="review"),
    ],
    "by_model": [
        sums(50, 50, 0.0, 1.2, model="ollama/qwen2.5-coder:7b", zone="device",
             latency=times(0.31, 2.1)),
        sums(10, 0, 0.21, 0.14, model="anthropic/claude-haiku-4-5", zone="cloud",
             latency=times(0.62, 3.4)),
    ],
    "by_zone": [],
    "latency": times(0.34, 2.2),
}  # fmt: skip
PICTURES = {"stats": (stats.show, FOUND)}


@pytest.mark.parametrize("width", WIDTHS)
def test_it_looks_as_it_was_found_good(width: int) -> None:
    text = drawn(stats.show, FOUND, width)
    assert max(map(len, text.splitlines())) <= width
    assert text == kept("stats", width).read_text("utf-8")


def test_days_without_a_request_are_days() -> None:
    days = stats.days_of(FOUND)
    assert len(days) == 14
    assert sum(row is None for _, row in days) == 11
    assert stats.days_of({**FOUND, "by_day": []}) == []


def test_other_money_and_missing_times_are_said() -> None:
    assert stats.money(-0.5, "EUR") == "-EUR 0.5000"
    assert stats.money(1234.5, "USD") == "$1,234.50"
    assert stats.seconds({}, "ttft_s") == "-"


def test_without_a_daemon_and_without_history_it_ends_with_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    assert cli.main(["stats"]) == cli.NOT_RUNNING
    assert "no history" in capsys.readouterr().err

from types import SimpleNamespace
from typing import Any

import pytest

from routerd.dashboard import charts


def row(day: str, cost: float, saved: float) -> dict[str, Any]:
    return {"day": day, "cost": cost, "saved": saved, "requests": 1}


def test_bars_stand_on_the_base_and_what_was_saved_on_what_was_spent() -> None:
    chart = charts.savings(
        [row("2026-11-26", 1.0, 3.0), row("2026-11-27", 2.0, 0.0)], "2026-11-27", 7
    )
    first, second = chart["bars"]
    assert first.spent_y + first.spent == pytest.approx(chart["base"])
    assert first.saved_y + first.saved == pytest.approx(first.spent_y)
    assert first.saved == pytest.approx(3 * first.spent, rel=0.02)
    assert second.saved == 0
    assert first.x + first.width < second.x
    assert second.x + second.width <= chart["right"]


def test_a_day_that_cost_more_than_its_baseline_has_no_negative_bar() -> None:
    (bar,) = charts.savings([row("2026-11-27", 2.0, -1.5)], "2026-11-27", 7)["bars"]
    assert bar.saved == 0
    assert bar.spent > 0


def test_days_outside_the_period_are_not_drawn_and_nothing_is_drawn_of_nothing() -> None:
    assert charts.savings([row("2026-01-01", 2.0, 1.0)], "2026-11-27", 7)["bars"] == []
    assert len(charts.savings([], "2026-03-01", 365)["labels"]) <= 8


@pytest.mark.parametrize("highest", [1e-6, 0.013, 0.7, 1.0, 9.99, 123456.0])
def test_an_axis_has_a_few_round_steps_up_to_the_highest(highest: float) -> None:
    levels = charts.steps(highest)
    assert levels[0] == 0
    assert levels[-2] < highest <= levels[-1] * (1 + 1e-9)
    assert 2 <= len(levels) <= 6


def test_an_axis_of_nothing_is_drawn_all_the_same() -> None:
    assert charts.steps(0.0) == charts.steps(-1.0) == [0.0, 1.0]


def test_few_answers_are_a_guess_and_many_have_a_colour() -> None:
    few, many = charts.heat_cell(3, 3), charts.heat_cell(80, 76)
    assert few.few
    assert not many.few
    assert many.level > charts.heat_cell(80, 40).level
    assert few.spread > many.spread
    assert charts.heat_cell(10, 12).mean <= 1.0


def test_the_map_has_the_tasks_that_occur_and_the_most_tried_models_first() -> None:
    cells = [
        SimpleNamespace(model="a/small", task="review", tried=2.0, well=1.0),
        SimpleNamespace(model="b/large", task="testing", tried=90.0, well=80.0),
        SimpleNamespace(model="c/faded", task="other", tried=0.1, well=0.1),
    ]
    found = charts.heat_map(cells, ("testing", "review", "other"))
    assert found["tasks"] == ["testing", "review"]
    assert [model for model, _ in found["rows"]] == ["b/large", "a/small"]

import pytest

from routerd.cli import charts


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(0.0, "    "), (1.0, "████"), (0.5, "██  "), (0.125, "▌   "), (7.0, "████"), (-1.0, "    ")],
)
def test_a_bar_is_as_long_as_its_share(value: float, drawn: str) -> None:
    assert charts.bar(value, 4) == drawn


def test_the_highest_column_reaches_the_top_and_a_small_one_can_be_seen() -> None:
    assert charts.columns([0, 1, 100, 50], 2) == ["    █", "  ▁ █ █"]
    assert charts.columns([], 2) == ["", ""]
    assert charts.columns([0, 0], 1, width=2) == [""]


def test_both_parts_of_a_bar_are_seen_however_small() -> None:
    assert charts.split_bar(0.5, 0.25, 8).plain == "████░░  "
    assert charts.split_bar(0.001, 0.9, 8).plain == "█░░░░░░ "
    assert charts.split_bar(0.0, 0.001, 4).plain == "░   "
    assert charts.split_bar(0.0, 0.0, 4).plain == "    "


def test_more_values_than_there_is_room_for_are_added_up() -> None:
    assert charts.folded([1, 2, 3, 4, 5], 3) == [3, 7, 5]
    assert charts.folded([1, 2], 3) == [1, 2]
    assert charts.folded([], 3) == []

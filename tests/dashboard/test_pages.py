from typing import Any

import jinja2
import pytest

from routerd.dashboard import pages, words

EVIL = "<img src=x onerror=alert(1)>\"'&"


def row(**more: Any) -> dict[str, Any]:
    names = ("id", "client", "task", "model", "reason", "error", "finish")
    numbers = ("unix_s", "complexity", "ttft_s", "duration_s", "cost_usd")
    return {
        **dict.fromkeys(names, ""),
        **dict.fromkeys(numbers, 0.0),
        "zone": "device",
        "input_tokens": 1,
        "output_tokens": 1,
        **more,
    }


def rows(*shown: dict[str, Any]) -> str:
    return pages.render("rows", rows=shown, following=None, per_usd=1.0, currency="USD")


@pytest.mark.parametrize(
    "field", ["id", "client", "task", "model", "reason", "error", "zone", "finish"]
)
def test_whatever_a_stranger_named_is_escaped(field: str) -> None:
    text = rows(row(**{field: EVIL}))
    assert "<img" not in text
    assert 'onerror=alert(1)>"' not in text


def test_a_request_under_way_is_marked_and_has_dashes_for_what_is_not_known() -> None:
    text = rows(row(finish=None, ttft_s=None, duration_s=None, cost_usd=None))
    assert "being answered" in text
    assert words.NOTHING in text


def test_a_value_that_is_missing_is_an_error_and_no_blank() -> None:
    with pytest.raises(jinja2.UndefinedError):
        pages.render("rows", rows=[{}], following=None, per_usd=1.0, currency="USD")


@pytest.mark.parametrize("name", ["closed", "open"])
def test_pages_for_strangers_hold_nothing(name: str) -> None:
    assert "<main" in pages.render(name)


@pytest.mark.parametrize("view", pages.VIEWS)
def test_the_shell_marks_the_view_that_is_shown(view: str) -> None:
    text = pages.render("shell", view=view)
    assert text.count('aria-current="page"') == 1
    assert f"<title>{pages.VIEWS[view]}" in text

"""Conditions: whom they fit, and how two of them relate."""

from typing import Any

import pytest

from routerd.core.policy import Condition, Range
from routerd.policy.conditions import Facts, covers, fits, may_overlap, misfits, possible
from routerd.policy.schedule import Moment

FACTS = Facts(
    task="debugging",
    complexity=0.6,
    language="python",
    workspace="/home/me/shop",
    paths=("src/billing/tax.py", "README.md"),
    client="claude-code/2.1",
    sensitivity=("secret",),
    moment=Moment(0, 600),
)


@pytest.mark.parametrize(
    ("field", "fitting", "other"),
    [
        ("task", ("debugging", "review"), ("documentation",)),
        ("complexity", Range(0.5, 0.6), Range(0.61, 1.0)),
        ("language", ("Python",), ("go",)),
        ("workspace", ("shop",), ("**/blog",)),
        ("path", ("src/billing/**",), ("src/auth/**",)),
        ("client", ("claude*",), ("cursor*",)),
        ("sensitivity", ("secret", "personal"), ("personal",)),
        ("time", ("Mon 08:00-18:00",), ("Sat",)),
    ],
)
def test_each_field_fits_or_is_named(field: str, fitting: Any, other: Any) -> None:
    assert fits(Condition(**{field: fitting}), FACTS)
    assert list(misfits(Condition(**{field: other}), FACTS)) == [field]


def test_an_empty_condition_fits_everything_and_all_fields_must_fit() -> None:
    assert fits(Condition(), Facts())
    assert not fits(Condition(task=("debugging",), language=("go",)), FACTS)


def test_a_range_upside_down_fits_nothing() -> None:
    assert not possible(Condition(complexity=Range(0.8, 0.2)))
    assert possible(Condition())


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Condition(task=("debugging",)), Condition(task=("review",)), False),
        (Condition(task=("debugging",)), Condition(language=("go",)), True),
        (Condition(complexity=Range(0, 0.4)), Condition(complexity=Range(0.5, 1)), False),
        (Condition(time=("Mon-Fri",)), Condition(time=("Sat,Sun",)), False),
        (Condition(time=("Mon-Fri",)), Condition(time=("Fri 22:00-06:00",)), True),
        (Condition(client=("cursor*",)), Condition(client=("claude*",)), False),
        (Condition(path=("a/**",)), Condition(path=("b/**",)), True),
    ],
)
def test_two_conditions_overlap_unless_a_field_parts_them(
    one: Condition, other: Condition, overlap: bool
) -> None:
    assert may_overlap(one, other) is overlap
    assert may_overlap(other, one) is overlap


def test_a_condition_covers_a_narrower_one_and_not_the_other_way() -> None:
    wide = Condition(task=("debugging", "review"), path=("src/**",))
    narrow = Condition(task=("review",), path=("src/billing/**",), time=("Mon",))
    assert covers(wide, narrow)
    assert not covers(narrow, wide)
    assert covers(Condition(), narrow)
    assert not covers(Condition(time=("Tue",)), narrow)

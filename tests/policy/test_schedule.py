"""Windows of time."""

import pytest

from routerd.policy import schedule
from routerd.policy.schedule import Moment, moment, parse


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("Mon-Fri 08:00-18:00", "Mon 08:00", "Mon 18:00"),
        ("Mon-Fri 08:00-18:00", "Fri 17:59", "Sat 10:00"),
        ("Sat,Sun", "Sun 23:59", "Mon 00:00"),
        ("22:00-06:00", "Tue 05:59", "Tue 06:00"),
        ("Fri 22:00-06:00", "Sat 03:00", "Fri 03:00"),
        ("Fri-Mon", "Sun 12:00", "Wed 12:00"),
        ("20:00-24:00", "Wed 23:59", "Wed 00:00"),
    ],
)
def test_a_window_holds_its_moments(window: str, inside: str, outside: str) -> None:
    assert parse(window).holds(moment(inside))
    assert not parse(window).holds(moment(outside))


@pytest.mark.parametrize("text", ["", "Monday", "25:00-26:00", "08:00-08:00", "Mon-Xyz", "8-18:0"])
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"Mon-Fri 08:00-18:00|is no window"):
        parse(text)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="Mon 09:30"):
        moment("noon")
    assert moment("Sun 00:05") == Moment(6, 5)
    assert schedule.DAYS[0] == "mon"

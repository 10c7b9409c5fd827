import pytest

from routerd.endpoints import dashboard_door
from routerd.endpoints.dashboard_door import HOME, CodeRefused, DashboardDoor


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> DashboardDoor:
    return DashboardDoor(7, clock)


def cookies(door: DashboardDoor, value: str) -> str:
    return f"theme=dark; {door.cookie}={value}; other={value}"


def test_a_code_opens_a_session_for_cookie_and_key_together(door: DashboardDoor) -> None:
    opened = door.exchange(door.code("/dashboard/savings"))
    sent = cookies(door, opened.cookie)
    assert opened.to == "/dashboard/savings"
    assert door.knows(sent)
    assert door.admits(sent, opened.key)
    assert not door.admits(sent, "")
    assert not door.admits(sent, opened.cookie)
    assert not door.admits("", opened.key)


def test_the_keys_of_two_sessions_are_not_interchangeable(door: DashboardDoor) -> None:
    one, other = door.exchange(door.code()), door.exchange(door.code())
    assert not door.admits(cookies(door, one.cookie), other.key)


def test_a_code_used_twice_closes_what_it_opened(door: DashboardDoor) -> None:
    code = door.code()
    opened = door.exchange(code)
    with pytest.raises(CodeRefused, match="closed"):
        door.exchange(code)
    assert not door.knows(cookies(door, opened.cookie))


def test_codes_and_sessions_run_out(door: DashboardDoor, clock: Clock) -> None:
    late = door.code()
    opened = door.exchange(door.code())
    clock.now_s += dashboard_door.CODE_S
    with pytest.raises(CodeRefused, match="too old"):
        door.exchange(late)
    assert door.admits(cookies(door, opened.cookie), opened.key)
    clock.now_s += dashboard_door.SESSION_S
    assert not door.knows(cookies(door, opened.cookie))


def test_codes_and_sessions_are_bounded_and_the_oldest_gives_way(door: DashboardDoor) -> None:
    first = door.code()
    opened = [door.exchange(door.code()) for _ in range(dashboard_door.MOST_SESSIONS + 1)]
    assert not door.knows(cookies(door, opened[0].cookie))
    assert door.knows(cookies(door, opened[-1].cookie))
    with pytest.raises(CodeRefused):
        door.exchange(first)


def test_a_cookie_that_another_port_has_set_does_not_shut_us_out(door: DashboardDoor) -> None:
    opened = door.exchange(door.code())
    sent = f"{door.cookie}=planted; {door.cookie}={opened.cookie}"
    assert door.admits(sent, opened.key)


def test_a_session_can_be_closed(door: DashboardDoor) -> None:
    opened = door.exchange(door.code())
    door.close(cookies(door, opened.cookie))
    assert not door.knows(cookies(door, opened.cookie))


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.test/",
        "//evil.test",
        "/v1/models",
        "/dashboard//evil.test",
        "/dashboard/\\x",
        "javascript:alert(1)",
        "/dashboard/\n",
        "/dashboard/" + "x" * 400,
        "/dashboard/é",
    ],
)
def test_a_link_leads_nowhere_but_into_the_dashboard(door: DashboardDoor, to: str) -> None:
    assert door.exchange(door.code(to)).to == HOME


def test_what_is_handed_out_is_shown_in_no_log(door: DashboardDoor) -> None:
    opened = door.exchange(door.code())
    assert opened.cookie not in repr(opened)
    assert opened.key not in repr(opened)

"""Status to menu: a table of what each Status shows, and what a click on it asks for."""

from dataclasses import replace
from itertools import pairwise

import pytest

from routerd.core.status import Savings, Status
from tests.tray.status_samples import (
    BUSY,
    CLOUD,
    DECISIONS,
    LOCAL,
    OFFLINE,
    PAUSED,
    REFUSED,
    SAVED,
    model,
)
from tray import menu
from tray.menu import Own
from tray.view import SEPARATOR, Action, Item, View, default_action
from tray.view import Look as LookOf

AT_HOME = Own(starts_at_login=False)


def find(items: tuple[Item, ...], label: str) -> Item:
    """Return the line whose label begins so."""
    found = [item for item in items if item.label.startswith(label)]
    assert len(found) == 1, [item.label for item in items]
    return found[0]


def labels(items: tuple[Item, ...]) -> list[str]:
    return [item.label for item in items if not item.separator]


def test_without_a_daemon_it_can_be_started_and_nothing_else_is_claimed() -> None:
    items = menu.items(None, AT_HOME)
    assert labels(items) == ["routerd is not running", "Start routerd", "Start at login", "Quit"]
    assert find(items, "Start routerd").action == Action("start")
    starting = menu.items(None, replace(AT_HOME, pending=Action("start")))
    assert not find(starting, "Starting routerd…").enabled


@pytest.mark.parametrize(
    ("status", "first"),
    [
        (LOCAL, ["routerd: local first", "no cloud has a key"]),
        (CLOUD, ["routerd: cloud allowed"]),
        (OFFLINE, ["routerd: offline", "held by the kernel"]),
        (PAUSED, ["routerd: paused"]),
        (BUSY, ["routerd: cloud in use now", "anthropic/claude-opus answers (cloud, review)"]),
        (
            replace(OFFLINE, refused=REFUSED),
            ["routerd: offline", "held by the kernel", "Kept here 2 times, last: api.openai.com"],
        ),
        (
            replace(CLOUD, policy_error="policy.toml:2: floor"),
            ["routerd: cloud allowed", "Attention: policy.toml:2: floor"],
        ),
    ],
)
def test_the_head_says_what_goes_on(status: Status, first: list[str]) -> None:
    shown = labels(menu.items(status, AT_HOME))
    assert shown.index("Offline mode") == len(first)
    for label, expected in zip(shown, first, strict=False):
        assert label.startswith(expected)


@pytest.mark.parametrize(
    ("status", "checked", "asks"), [(CLOUD, False, "on"), (OFFLINE, True, "off")]
)
def test_the_offline_switch_is_one_click_and_shows_what_the_daemon_says(
    status: Status, checked: bool, asks: str
) -> None:
    switch = find(menu.items(status, AT_HOME), "Offline mode")
    assert (switch.checked, switch.action) == (checked, Action("offline", asks))
    # Until the daemon has answered nothing is claimed, and it can't be clicked twice.
    waiting = replace(AT_HOME, pending=switch.action)
    asked = find(menu.items(status, waiting), "Offline mode (switching…)")
    assert (asked.checked, asked.enabled) == (checked, False)


def test_a_failure_says_why_and_goes_when_clicked() -> None:
    why = "The daemon was started with --airgap, and the kernel lets nobody out of that."
    items = menu.items(OFFLINE, replace(AT_HOME, failure=why))
    assert why.startswith(items[0].label.rstrip("…"))
    assert items[0].action == Action("dismiss")
    assert find(items, "Offline mode").checked


def test_the_profile_is_chosen_from_those_there_are() -> None:
    profile = find(menu.items(CLOUD, AT_HOME), "Profile: balanced")
    assert labels(profile.children) == ["cheap", "balanced", "best", "fast"]
    assert [item.checked for item in profile.children] == [False, True, False, False]
    assert all(item.radio for item in profile.children)
    assert profile.children[0].action == Action("profile", "cheap")


def test_what_is_loaded_is_named_with_its_window() -> None:
    assert find(menu.items(LOCAL, AT_HOME), "No model is loaded")
    one = replace(LOCAL, models=(model("ollama/qwen"), model("ollama/cold", warm=False)))
    assert find(menu.items(one, AT_HOME), "Loaded: ollama/qwen · 8k window")
    new = replace(LOCAL, models=(replace(model("ollama/qwen"), loaded_tokens=0),))
    assert find(menu.items(new, AT_HOME), "Loaded: ollama/qwen").label == "Loaded: ollama/qwen"
    two = replace(LOCAL, models=(model("ollama/a"), model("ollama/b"), model("x/c", zone="cloud")))
    both = find(menu.items(two, AT_HOME), "Loaded: 2 models")
    assert labels(both.children) == ["ollama/a · 8k window", "ollama/b · 8k window"]


def test_each_of_the_last_decisions_opens_its_why() -> None:
    items = menu.items(replace(CLOUD, decisions=DECISIONS), AT_HOME)
    at = labels(items).index("Last decisions, and why")
    told = [label.partition(" ")[2] for label in labels(items)[at + 1 : at + 4]]
    assert told == [
        "review: not answered",
        "testing: anthropic/claude (cloud)",
        "debugging: ollama/qwen",
    ]
    why = [item.action for item in items if item.action and item.action.name == "why"]
    assert why == [Action("why", "d3"), Action("why", "d2"), Action("why", "d1")]


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        (SAVED, "Saved today $0.42, this month $12.30"),
        (Savings(0.0, 0.004, "EUR"), "Saved today €0.00, this month <€0.01"),
        (Savings(-0.5, 1234.5, "CHF"), "Saved today -0.50 CHF, this month 1,234.50 CHF"),
    ],
)
def test_savings_are_told_in_the_users_money(saved: Savings, expected: str) -> None:
    assert find(menu.items(replace(CLOUD, saved=saved), AT_HOME), "Saved").label == expected


def test_a_pause_is_chosen_and_ended() -> None:
    pause = find(menu.items(CLOUD, AT_HOME), "Pause")
    asked = [item.action for item in pause.children]
    assert asked == [Action("pause", "1800"), Action("pause", "7200"), Action("pause", "")]
    resume = find(menu.items(PAUSED, AT_HOME), "Resume (25 min left)")
    assert resume.action == Action("resume")
    assert find(menu.items(replace(PAUSED, paused_left_s=0.0), AT_HOME), "Resume")


@pytest.mark.parametrize(("on", "asks"), [(True, "off"), (False, "on")])
def test_start_at_login_is_a_switch_of_its_own(on: bool, asks: str) -> None:
    item = find(menu.items(CLOUD, Own(starts_at_login=on)), "Start at login")
    assert (item.checked, item.action) == (on, Action("login", asks))


def test_where_starting_at_login_cannot_be_set_it_is_not_offered() -> None:
    assert "Start at login" not in labels(menu.items(CLOUD, Own()))


def test_stopping_the_daemon_and_quitting_the_icon_are_two_things() -> None:
    items = menu.items(CLOUD, AT_HOME)
    assert find(items, "Stop routerd").action == Action("stop")
    assert find(items, "Quit this icon").action == Action("quit")


@pytest.mark.parametrize(
    "status", [None, LOCAL, OFFLINE, BUSY, replace(CLOUD, decisions=DECISIONS)]
)
def test_no_menu_begins_or_ends_with_a_line_or_has_two_in_a_row(status: Status | None) -> None:
    items = menu.items(status, AT_HOME)
    assert not items[0].separator
    assert not items[-1].separator
    assert (SEPARATOR, SEPARATOR) not in set(pairwise(items))


def test_a_click_on_the_icon_alone_opens_the_dashboard_or_starts_the_daemon() -> None:
    look = LookOf("cloud")
    assert default_action(View(look, "", menu.items(CLOUD, AT_HOME))) == Action("dashboard")
    assert default_action(View(look, "", menu.items(None, AT_HOME))) == Action("start")


def test_no_line_is_longer_than_a_menu_should_be() -> None:
    long = replace(CLOUD, warnings=("x" * 500,), decisions=(replace(DECISIONS[1], task="t" * 200),))
    assert max(map(len, labels(menu.items(long, AT_HOME)))) <= menu.LONGEST

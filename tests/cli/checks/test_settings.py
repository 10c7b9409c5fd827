"""Settings, policy and catalogue with mistakes in them."""

import datetime
from pathlib import Path

import pytest

from routerd.cli.checks import settings
from tests.cli.checks.scenes import found, levels, scene

RULE = '[[rule]]\nid = "r"\nallow_zones = ["device"]\n'


def test_settings_that_can_not_be_used_are_a_problem(tmp_path: Path) -> None:
    assert levels(settings.config, scene(tmp_path)) == ["ok"]
    at = scene(tmp_path, config_fault="config.toml:1: prot: unknown key")
    (told,) = found(settings.config, at)
    assert (told.level, told.fix) == ("problem", "edit ~/rd/config.toml")
    at.here.config.write_text("", encoding="utf-8")
    assert levels(settings.config, scene(tmp_path)) == ["ok"]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (RULE, "ok"),
        ("[[rule]]\nidd = 1\n", "problem"),
        (RULE + '[[test]]\nname = "t"\nrequest = {}\nexpect = { allows = { zone = "cloud" } }\n',
         "problem"),
    ],
)  # fmt: skip
def test_a_policy_is_checked_as_policy_check_does(tmp_path: Path, text: str, level: str) -> None:
    at = scene(tmp_path)
    assert levels(settings.rules, at) == ["ok"]
    at.here.policy.write_text(text, encoding="utf-8")
    assert levels(settings.rules, at) == [level]


def test_a_catalogue_with_a_mistake_is_a_problem(tmp_path: Path) -> None:
    at = scene(tmp_path)
    assert levels(settings.catalogue, at) in (["ok"], ["warning"])
    (at.here.home / "catalogue.toml").write_text("[[model]]\nnmae = 'x'\n", encoding="utf-8")
    assert levels(settings.catalogue, at) == ["problem"]


@pytest.mark.parametrize(("days", "level"), [(-30, "warning"), (3, "ok"), (400, "warning")])
def test_old_prices_and_a_clock_that_is_behind_are_told(days: int, level: str) -> None:
    dated = datetime.date(2026, 11, 24)
    told = settings.aged(dated, dated + datetime.timedelta(days))
    assert told.level == level
    assert ("clock" in told.what) is (days < 0)

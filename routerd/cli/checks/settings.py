"""Settings, policy and catalogue: can they be used, and how old are the prices?"""

import datetime
from collections.abc import Iterator

from routerd.cli import policy
from routerd.cli.checks.finding import Finding, Level, Scene
from routerd.cli.render import counted
from routerd.core.errors import RouterdError
from routerd.settings import catalogue_file

OLD_DAYS = 180


def config(scene: Scene) -> Iterator[Finding]:
    """Can config.toml be used?"""
    path = scene.here.config
    if scene.config_fault:
        why = "a start ends with this; a daemon that runs keeps the last good settings"
        yield Finding("problem", scene.config_fault, why, f"edit {scene.short(path)}")
    elif path.exists():
        yield Finding("ok", f"{scene.short(path)} can be used; profile {scene.config.profile}")
    else:
        yield Finding("ok", f"all settings are the defaults ({scene.short(path)} does not exist)")


def rules(scene: Scene) -> Iterator[Finding]:
    """Can policy.toml be used, does each rule do something, do its tests pass?"""
    path = scene.here.policy
    if not path.exists():
        yield Finding("ok", "no policy: every zone, key and model may be used")
        return
    edit = "routerd policy check"
    try:
        found = policy.checked(path)
    except RouterdError as error:
        why = "it is not in force; a daemon that runs keeps the last good one"
        yield Finding("problem", error.message, why, edit)
        return
    for problem in found["problems"]:
        level: Level = "problem" if problem["certain"] else "note"
        yield Finding(level, problem["message"], "the policy does not do what it says", edit)
    if not found["problems"]:
        tests = f"its {counted(len(found['tests']), 'test')} pass" if found["tests"] else "no tests"
        rules = counted(found["rules"], "rule")
        yield Finding("ok", f"policy.toml can be used: {rules}, {tests}")


def catalogue(scene: Scene) -> Iterator[Finding]:
    """Are names and prices known, and of what date?"""
    own = scene.here.home / catalogue_file.USERS
    try:
        dated = catalogue_file.load(own).dated
    except RouterdError as error:
        yield Finding("problem", error.message, "the daemon does not start", f"edit {own}")
        return
    try:
        day = datetime.date.fromisoformat(dated)
    except ValueError:
        yield Finding("note", "the catalogue of models has no date")
        return
    yield aged(day, datetime.datetime.now(datetime.UTC).date())


def aged(dated: datetime.date, today: datetime.date) -> Finding:
    """Return what the date of the catalogue says of the prices and of this clock."""
    days = (today - dated).days
    if days < -1:
        return Finding(
            "warning",
            f"this machine's clock says {today}, before the catalogue was made ({dated})",
            "certificates of clouds look invalid, budgets and ages of tasks are counted wrongly",
            "set the clock: timedatectl set-ntp true",
        )
    if days > OLD_DAYS:
        return Finding(
            "warning",
            f"prices and abilities are of {dated}, {days} days old",
            "costs and savings are reckoned with them",
            "update routerd, or write newer ones into catalogue.toml",
        )
    return Finding("ok", f"prices and abilities are of {dated}")

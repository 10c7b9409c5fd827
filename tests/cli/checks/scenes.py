"""A scene for one check: a home of its own, and what the test says of the rest."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from routerd.cli.checks.finding import Finding, Scene
from routerd.core.config import Config
from routerd.settings.places import Places, prepare

STATUS = {
    "pid": 1,
    "version": "0",
    "base_url": "http://127.0.0.1:7999/v1",
    "classifier": "ready (x)",
    "warnings": [],
    "offline": False,
}


def scene(folder: Path, **more: Any) -> Scene:
    """Return a scene whose home is private and empty; `more` are fields of it."""
    here = Places(folder / "rd")
    prepare(here)
    blank = Scene(here, folder, {}, Config(), "", None, {})
    return replace(blank, **more)


def found(check: Callable[[Scene], Iterable[Finding]], at: Scene) -> list[Finding]:
    """Return what a check finds."""
    return list(check(at))


def levels(check: Callable[[Scene], Iterable[Finding]], at: Scene) -> list[str]:
    """Return the levels of what a check finds, in order."""
    return [finding.level for finding in check(at)]

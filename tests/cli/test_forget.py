"""`routerd forget`: what it is told, and how times are written."""

import time
from pathlib import Path

import pytest

from routerd.cli.forget import moment
from routerd.cli.main import main
from routerd.core.errors import RouterdError


def test_times_are_dates_or_so_long_ago() -> None:
    assert moment("2026-11-20") == time.mktime((2026, 11, 20, 0, 0, 0, 0, 0, -1))
    assert moment("2026-11-20 14:30") == time.mktime((2026, 11, 20, 14, 30, 0, 0, 0, -1))
    assert moment("2d") == pytest.approx(time.time() - 172_800, abs=5)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "5y", "-1d", ""])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RouterdError, match="2h, 3d or 1w"):
        moment(text)


def test_nothing_is_forgotten_without_saying_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    assert main(["forget"]) == 1
    assert "--workspace PATH" in capsys.readouterr().err
    assert main(["forget", "--all"]) == 3

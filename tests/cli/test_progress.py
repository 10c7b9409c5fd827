"""Long work: its results come in any case, its bar on a terminal alone."""

import pytest

from routerd.cli import progress


def test_a_pipe_sees_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.steps([1, 2, 3], "counting")) == [1, 2, 3]
    with progress.download() as bar:
        bar.update(bar.add_task("file"), completed=5, total=10)
    told = capsys.readouterr()
    assert (told.out, told.err.strip()) == ("", "")


def test_a_terminal_sees_one_that_goes_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress.steps([1, 2], "counting")) == [1, 2]
    assert "counting" in capsys.readouterr().err
    monkeypatch.setenv("TERM", "dumb")
    assert list(progress.steps([1, 2], "counting")) == [1, 2]
    assert "counting" not in capsys.readouterr().err

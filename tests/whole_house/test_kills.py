"""Whatever a client was given in full survives the death of the daemon at any moment."""

import sys
from pathlib import Path

import pytest

from tests.fakes.kill_storm import Storm

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="daemons are forked for speed")


def survives(home: Path, kills: int, seed: int) -> None:
    with Storm(home, seed) as storm:
        for _ in range(kills):
            storm.round()
            assert storm.figures.lost == []
            assert storm.figures.corrupt == []
        storm.last()
        assert storm.figures.corrupt == []
    assert storm.figures.kills == kills
    assert storm.figures.answers > kills, "the load reached the daemons"
    assert list(home.glob("state.db.corrupt-*")) == []


def test_nothing_acknowledged_is_lost_in_five_kills_under_load(tmp_path: Path) -> None:
    survives(tmp_path / "home", 5, 2)


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_in_a_thousand_kills_under_load(tmp_path: Path) -> None:
    survives(tmp_path / "home", 1000, 3)

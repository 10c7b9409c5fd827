"""What is worth a notification, and how often."""

from dataclasses import replace

import pytest

from routerd.core.status import EngineStatus, RefusedEgress, Status
from tests.tray.status_samples import CLOUD, OFFLINE, REFUSED
from tray.notices import EVERY_S, Limiter, notices

ALL = ("budget", "refused", "engine")
BEFORE = replace(CLOUD, notifications=ALL)
GONE = replace(CLOUD.engines[0], up=False, detail="it refused the connection")


@pytest.mark.parametrize(
    ("after", "kind", "words"),
    [
        (replace(BEFORE, budgets_reached=("day",)), "budget", "day is used up"),
        (replace(BEFORE, refused=REFUSED), "refused", "api.openai.com (2 times"),
        (replace(BEFORE, engines=(GONE,)), "engine", "ollama does not answer any more"),
    ],
)
def test_each_kind_is_told_when_it_happens_and_only_where_it_is_wanted(
    after: Status, kind: str, words: str
) -> None:
    (notice,) = notices(BEFORE, after)
    assert notice.kind == kind
    assert words in notice.text
    assert notices(after, after) == ()
    others = tuple(name for name in ALL if name != kind)
    assert notices(BEFORE, replace(after, notifications=others)) == ()


def test_a_start_a_stop_and_another_daemon_are_no_news() -> None:
    after = replace(BEFORE, budgets_reached=("day",), refused=RefusedEgress(1), engines=())
    assert notices(None, after) == ()
    assert notices(after, None) == ()
    assert notices(BEFORE, replace(after, pid=5)) == ()


def test_engines_that_go_because_the_mode_is_offline_are_no_news() -> None:
    team = EngineStatus("team", "openai_compatible", "network", "http://gpu", True, 1)
    before = replace(BEFORE, engines=(team,))
    after = replace(OFFLINE, engines=(replace(team, up=False),), notifications=ALL, pid=before.pid)
    assert notices(before, after) == ()
    assert len(notices(before, replace(after, offline=False))) == 1


def test_one_of_a_kind_is_shown_in_its_time() -> None:
    limiter = Limiter()
    assert limiter.allows("refused", 0.0)
    assert not limiter.allows("refused", EVERY_S - 1)
    assert limiter.allows("engine", 1.0)
    assert limiter.allows("refused", EVERY_S)

"""Status as JSON and back, between daemons and faces of different versions."""

import json
from dataclasses import asdict, replace

import pytest

from routerd.core.status import Status, from_json
from tests.tray.status_samples import BUSY, CLOUD, DECISIONS, REFUSED, SAVED, model


def test_a_status_comes_back_as_it_was() -> None:
    status = replace(
        BUSY, decisions=DECISIONS, refused=REFUSED, saved=SAVED, models=(model("ollama/qwen"),)
    )
    assert from_json(json.loads(json.dumps(asdict(status)))) == status


def test_another_versions_keys_are_left_out_and_missing_ones_have_their_defaults() -> None:
    plain = {**asdict(CLOUD), "of_tomorrow": 1, "saved": {"today": 2.0, "of_tomorrow": 1}}
    del plain["running"], plain["refused"]
    found = from_json(plain)
    assert (found.saved.today, found.running, found.refused.count) == (2.0, (), 0)


@pytest.mark.parametrize("plain", [{}, {"state": "ready"}, {**asdict(CLOUD), "models": [1]}])
def test_what_is_no_status_says_so(plain: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no status of routerd"):
        from_json(plain)


def test_all_of_it_can_be_read_without_a_daemon() -> None:
    assert Status("s", "", 1, 0.0, "", "", "", "", False, "", "", "").decisions == ()

"""5 000 requests whose favourite model gets worse under way (figures: tests/bench/bench_drift.py)."""

import pytest

from tests.fakes import drift


def test_a_model_that_got_worse_is_noticed_within_fifty_uses_and_its_quality_won_back() -> None:
    # The short version of what bench_drift plays at length.
    course = drift.run(requests=1600, change_at=700, drop=2.0, seed=1)
    assert 0 < course.noticed_after <= 50
    # The control: whoever learns nothing loses a good deal.
    assert course.stubborn < course.ideal - 0.05
    assert course.recovered > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_the_same_over_five_thousand_requests(seed: int) -> None:
    course = drift.run(requests=5000, change_at=2000, drop=2.0, seed=seed)
    assert 0 < course.noticed_after <= 100
    assert course.recovered > 0.35


def test_a_model_that_stays_as_it_is_is_not_suspected() -> None:
    course = drift.run(requests=600, change_at=600, seed=5)
    assert course.false_alarms == 0

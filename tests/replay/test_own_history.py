from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.config import Profile, Weights
from routerd.core.decision import Decision
from routerd.core.features import Features, Reading
from routerd.core.outcome import Outcome
from routerd.core.response import Usage
from routerd.core.session import Hold
from routerd.policy.decide import Stance, decide
from routerd.policy.wish import BUILT_IN_PROFILES
from routerd.replay import own_history

LOCAL = Candidate("p", "local", ability=1.0, warm=True)
CLOUD = Candidate("p", "cloud", "cloud", ability=4.0, warm=True, price=Price(3, 0.3, 15))
FREE = Profile(0.0, Weights(0, 0, 1, 0, 0))
BEST = Profile(1.0, Weights(1, 0, 0, 0, 0))


def past(
    model: str,
    complexity: float = 0.4,
    usage: Usage = Usage(1000, 100),  # noqa: B008
) -> own_history.Past:
    features = Features(Reading("generation", 1.0, complexity), input_tokens=1000)
    made = decide("d", features, (LOCAL, CLOUD), Stance())
    return made, Outcome("d", "stop", model=model, usage=usage), {}


def ways(*pasts: own_history.Past, **profiles: Profile) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = own_history.replay(pasts, profiles)["ways"]
    return found


def test_what_it_cost_and_what_a_profile_would_have_cost_are_counted_by_the_same_tokens() -> None:
    found = ways(past("p/cloud"), past("p/cloud"), free=FREE, best=BEST)
    assert found["as_it_was"]["cost_usd"] == pytest.approx(2 * (3 * 1000 + 15 * 100) / 1e6)
    assert found["best"] == found["as_it_was"]
    assert found["free"]["cost_usd"] == 0.0
    assert (found["free"]["on_device"], found["free"]["other_model"]) == (2, 2)
    assert found["free"]["p_success"] < found["as_it_was"]["p_success"]


def test_where_the_engine_did_not_count_the_expectation_stands_in() -> None:
    uncounted = past("p/cloud", usage=Usage())
    entry = next(e for e in uncounted[0].ranked if e.candidate == CLOUD)
    assert ways(uncounted)["as_it_was"]["cost_usd"] == pytest.approx(entry.expected_cost_usd)


def test_always_best_and_cheapest_frame_every_profile() -> None:
    mixed = [past("p/local", c / 10) for c in range(10)]
    found = ways(*mixed, **BUILT_IN_PROFILES)
    for name in BUILT_IN_PROFILES:
        assert found["cheapest"]["cost_usd"] <= found[name]["cost_usd"] + 1e-12
        assert found[name]["p_success"] <= found["always_best"]["p_success"] + 1e-12
        assert found[name]["requests"] == 10


@pytest.mark.parametrize("change", [{"pinned": "p/cloud"}, {"hold": Hold("kept", bound=True)}])
def test_what_no_profile_could_have_changed_stays(change: dict[str, object]) -> None:
    made, outcome, facts = past("p/cloud")
    held: Decision = replace(made, **change)
    assert ways((held, outcome, facts), free=FREE)["free"]["other_model"] == 0


def test_requests_that_nobody_answered_are_looked_at_and_not_counted() -> None:
    made, outcome, facts = past("p/cloud")
    nobody = (made, replace(outcome, model=""), facts)
    gone = (made, replace(outcome, model="p/gone"), facts)
    report = own_history.replay([nobody, gone, (made, None, facts)], {"free": FREE})
    assert report["looked_at"] == 3
    assert report["ways"]["free"]["requests"] == 0

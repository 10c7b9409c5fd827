import itertools
from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate
from routerd.core.decision import Exclusion
from routerd.core.features import Neighbour
from routerd.core.outcome import Attempt
from routerd.core.policy import Finding
from routerd.dashboard import explained
from routerd.dashboard.explained import Step
from tests.fakes import past_tasks

DECISION = past_tasks.decision("d1")
OUTCOME = past_tasks.outcome("d1")


def kinds(steps: list[Step]) -> list[str]:
    return [step.kind for step in steps]


def test_the_parts_of_a_bar_follow_each_other_and_sum_to_the_total() -> None:
    weights = {"complexity": 35, "history": 25, "cost": 20, "latency": 15, "availability": 5}
    parts = explained.parts(DECISION.ranked[0], weights)
    total = sum(part.value * part.weight for part in parts)
    assert parts[-1].x + parts[-1].width == pytest.approx(100 * total, abs=0.01)
    for part, following in itertools.pairwise(parts):
        assert part.x + part.width == pytest.approx(following.x, abs=0.01)


def test_the_waterfall_goes_from_reading_to_the_last_word() -> None:
    steps = explained.waterfall(DECISION, OUTCOME)
    assert kinds(steps) == ["understand", "decide", "first", "stream"]
    assert steps[-1].x + steps[-1].width == pytest.approx(100, abs=0.1)
    assert steps[2].seconds == pytest.approx(0.3)


def test_a_cold_model_s_loading_is_told_apart_and_called_a_guess() -> None:
    cold = replace(DECISION.ranked[0].candidate, warm=False, load_s=0.2)
    decision = replace(DECISION, ranked=(replace(DECISION.ranked[0], candidate=cold),))
    load = explained.waterfall(decision, OUTCOME)[2]
    assert (load.kind, load.guessed, load.seconds) == ("load", True, 0.2)


def test_each_attempt_has_its_lines_and_one_that_broke_off_says_so() -> None:
    attempts = (
        Attempt("ollama/small:3b", 10.0, 0.5, failure="refused", error="no"),
        Attempt("ollama/small:3b", 10.5, 1.0, 0.4, failure="died"),
    )
    steps = explained.waterfall(DECISION, replace(OUTCOME, attempts=attempts))
    assert [step.label for step in steps[2:]] == ["1. Failed", "2. First byte", "2. Broke off"]
    assert kinds(steps)[2:] == ["failed", "first", "failed"]


def test_a_decision_that_nobody_answered_has_a_picture_too() -> None:
    empty = replace(DECISION, ranked=())
    told = explained.explained(empty, None, {})
    assert told["candidates"] == []
    assert kinds(told["steps"]) == ["understand", "decide"]


def test_the_same_reason_is_told_once() -> None:
    others = tuple(
        Exclusion(Candidate("team", name), "offline", "it is not on this machine") for name in "ab"
    )
    (one,) = explained.left_out(replace(DECISION, exclusions=others))
    assert [candidate.name for candidate in one["models"]] == ["team/a", "team/b"]


def test_findings_are_counted_and_neighbours_summed() -> None:
    finding = Finding("secret", "aws-key", 0, 0, 1, 9)
    near = (Neighbour("a/b", 0.9, 1.0, 5.0), Neighbour("a/b", 0.8, 0.0, 5.0))
    decision = replace(
        DECISION, findings=(finding, finding), features=replace(DECISION.features, neighbours=near)
    )
    told = explained.explained(decision, OUTCOME, {})
    assert told["findings"] == [{"kind": "secret", "detector": "aws-key", "times": 2}]
    assert told["near"] == [{"model": "a/b", "times": 2, "share": 0.5}]
    assert told["needs"] == ["tools"]
    assert told["candidates"][0]["answered"]

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate, Price
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.features import TASKS, Features, Neighbour, Reading
from routerd.core.outcome import Outcome
from routerd.storage.codec import (
    decision_from_json,
    decision_to_json,
    outcome_from_json,
    outcome_to_json,
    to_json,
)
from tests.fakes import past_tasks

numbers = st.floats() | st.sampled_from([0.0, 1.0, -1.0])
texts = st.text(max_size=8)
terms = st.builds(Terms, numbers, numbers, numbers, numbers, numbers)
candidates = st.builds(
    Candidate,
    texts,
    texts,
    st.sampled_from(["device", "network", "cloud"]),
    numbers,
    st.dictionaries(texts, numbers, max_size=2),
    context_tokens=st.integers(),
    warm=st.booleans(),
    price=st.builds(Price, numbers),
)
ranked = st.builds(
    Ranked,
    candidates,
    terms,
    numbers,
    numbers,
    numbers,
    numbers,
    st.booleans(),
    st.lists(texts, max_size=2).map(tuple),
)
readings = st.builds(
    Reading, st.sampled_from(TASKS), numbers, numbers, texts, st.binary(max_size=4)
)
neighbours = st.builds(Neighbour, texts, numbers, numbers, numbers)
features = st.builds(
    Features,
    readings,
    st.integers(),
    neighbours=st.lists(neighbours, max_size=2).map(tuple),
)
decisions = st.builds(
    Decision,
    texts,
    features,
    st.lists(ranked, max_size=2).map(tuple),
    st.lists(st.builds(Exclusion, candidates, texts, texts), max_size=2).map(tuple),
    terms,
    texts,
    decide_ms=numbers,
)


@given(decisions)
def test_a_decision_comes_back_whole(decision: Decision) -> None:
    text = decision_to_json(decision)
    back = decision_from_json(text)
    # repr leaves the embedding out, as the row does, and equates NaN with NaN.
    assert repr(back) == repr(decision)
    assert decision_to_json(back) == text


@given(st.from_type(Outcome))
def test_an_outcome_comes_back_whole(outcome: Outcome) -> None:
    text = outcome_to_json(outcome)
    assert repr(outcome_from_json(text)) == repr(outcome)


def test_an_ordinary_decision_equals_what_was_written() -> None:
    decision = past_tasks.decision("d1")
    assert decision_from_json(decision_to_json(decision)) == decision


def test_the_embedding_is_never_written() -> None:
    text = decision_to_json(past_tasks.decision("d1", past_tasks.embedding(1)))
    assert '"embedding":' not in text
    assert decision_from_json(text).features.reading.embedding == b""


def test_keys_that_an_older_version_did_not_write_take_their_defaults() -> None:
    row = json.loads(decision_to_json(past_tasks.decision("d1")))
    del row["baseline"], row["ranked"][0]["notes"], row["features"]["needs"]
    back = decision_from_json(json.dumps(row))
    assert back.baseline == ""
    assert back.ranked[0].notes == ()
    assert not back.features.needs.tools


def test_missing_keys_without_a_default_become_blank() -> None:
    back = decision_from_json('{"id": "d1", "ranked": [{}]}')
    assert back.id == "d1"
    assert back.exclusions == ()
    assert back.weights.cost == 0.0
    assert back.ranked[0].candidate.name == "/"
    assert outcome_from_json("{}").finish == "stop"


def test_keys_of_a_newer_version_are_ignored() -> None:
    row = json.loads(decision_to_json(past_tasks.decision("d1")))
    row["mood"] = "fine"
    row["features"]["reading"]["weather"] = {"rain": 1}
    assert decision_from_json(json.dumps(row)) == past_tasks.decision("d1")


def test_a_task_that_no_longer_exists_is_kept_as_it_was() -> None:
    row = json.loads(decision_to_json(past_tasks.decision("d1")))
    row["features"]["reading"]["task"] = "poetry"
    assert decision_from_json(json.dumps(row)).features.reading.task == "poetry"


def test_an_optional_value_may_be_null_and_another_falls_back() -> None:
    assert outcome_from_json('{"success": null}').success is None
    assert outcome_from_json('{"ttft_s": null}').ttft_s == -1.0


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"ranked": 3}', "Decision.ranked"),
        ('{"ranked": [{"total": "high"}]}', "Decision.ranked.total"),
        ('{"features": []}', "Decision.features"),
        ("[]", "Decision is a list"),
    ],
)
def test_json_of_another_shape_names_the_field(text: str, where: str) -> None:
    with pytest.raises(ValueError, match=where):
        decision_from_json(text)


def test_what_is_no_value_of_core_is_refused() -> None:
    with pytest.raises(TypeError, match="a set can't be recorded"):
        to_json({"models": {1, 2}})

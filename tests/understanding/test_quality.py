import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.features import TASKS, Reading, Task
from routerd.understanding.quality import Judged, calibration_error, rank_correlation, score


def judged(task: Task, read: Task, sure: float = 1.0, **labels: object) -> Judged:
    return Judged(Reading(read, sure), task, **labels)  # type: ignore[arg-type]


def test_perfect_readings_score_one() -> None:
    report = score([judged("testing", "testing"), judged("review", "review")])
    assert (report["accuracy"], report["macro_f1"], report["ece"]) == (1.0, 1.0, 0.0)


def test_macro_f1_counts_every_labelled_class_alike() -> None:
    report = score([judged("review", "review")] * 3 + [judged("testing", "review")])
    assert report["accuracy"] == 0.75
    assert report["macro_f1"] == pytest.approx((6 / 7 + 0) / 2, abs=1e-4)
    assert report["confusion"]["testing"]["review"] == 1
    assert report["recall"] == {"testing": 0.0, "review": 1.0}


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    assert calibration_error([0.82] * 4, [True, True, False, False]) == pytest.approx(0.32)


def test_complexity_is_scored_on_judged_prompts_only() -> None:
    rows = [
        Judged(Reading(complexity=read), "other", truth)
        for truth, read in ((0.0, 0.1), (None, 0.9), (0.5, 0.5), (1.0, 0.9))
    ]
    assert score(rows)["complexity"] == {
        "rows": 3,
        "spearman": 1.0,
        "mean_absolute_error": pytest.approx(0.0667, abs=1e-4),
    }
    assert score(rows[:2])["complexity"] == {"rows": 1}


def test_language_is_scored_on_all_and_on_those_that_name_one() -> None:
    rows = [
        Judged(Reading(language=read), "other", language=truth)
        for truth, read in (("none", "go"), ("go", "go"), ("rust", "go"), (None, "go"))
    ]
    assert score(rows)["language"] == {
        "rows": 3,
        "accuracy": pytest.approx(1 / 3, abs=1e-4),
        "named_rows": 2,
        "named_accuracy": 0.5,
    }


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to score"):
        score([])


def test_ties_share_their_rank() -> None:
    assert rank_correlation([1, 1, 2, 2], [5, 5, 9, 9]) == pytest.approx(1.0)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) == 0.0


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=30, unique=True))
def test_order_alone_counts(values: list[int]) -> None:
    assert rank_correlation(values, [value**3 for value in values]) == pytest.approx(1.0)
    assert rank_correlation(values, [-value for value in values]) == pytest.approx(-1.0)


@given(st.lists(st.tuples(st.sampled_from(TASKS), st.sampled_from(TASKS)), min_size=1))
def test_every_score_is_a_share(pairs: list[tuple[Task, Task]]) -> None:
    report = score([judged(task, read, 0.5) for task, read in pairs])
    assert all(0 <= report[name] <= 1 for name in ("accuracy", "macro_f1", "ece"))

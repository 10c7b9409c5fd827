import numpy as np
import pytest

from models.training.evaluate import (
    expected_calibration_error,
    fit_temperature,
    score_complexity,
    score_language,
    score_tasks,
    softmax,
)


def certain(classes: list[int]) -> np.ndarray:
    return np.eye(10)[classes]


def test_perfect_readings_score_one() -> None:
    score = score_tasks(np.asarray([0, 1, 2]), certain([0, 1, 2]))
    assert (score.accuracy, score.macro_f1, score.ece) == (1.0, 1.0, 0.0)


def test_macro_f1_counts_every_class_alike() -> None:
    score = score_tasks(np.asarray([0, 0, 0, 1]), certain([0, 0, 0, 0]))
    assert score.accuracy == 0.75
    assert score.macro_f1 == pytest.approx((6 / 7 + 0) / 2)
    assert score.confusion[1][0] == 1


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    sure = np.full((4, 10), 0.02)
    sure[:, 0] = 0.82
    assert expected_calibration_error(np.asarray([0, 0, 1, 1]), sure) == pytest.approx(0.32)


def test_the_temperature_cools_an_overconfident_model() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 10, 2000)
    logits = generator.normal(size=(2000, 10)).astype(np.float32)
    logits[np.arange(2000), truth] += 1.5
    plain = fit_temperature(logits, truth)
    assert fit_temperature(logits * 3, truth) == pytest.approx(3 * plain, rel=0.05)


def test_softmax_rows_sum_to_one_even_for_large_logits() -> None:
    assert softmax(np.asarray([[1000.0, 999.0]], dtype=np.float32)).sum() == pytest.approx(1.0)


def test_complexity_is_scored_on_labelled_rows_only() -> None:
    score = score_complexity([0.0, None, 0.5, 1.0], np.asarray([0.1, 0.9, 0.5, 0.9]))
    assert score["rows"] == 3
    assert score["spearman"] == pytest.approx(1.0)
    assert score["mean_absolute_error"] == pytest.approx(0.0667, abs=1e-3)


def test_language_is_scored_on_labelled_and_on_named_rows() -> None:
    logits = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    assert score_language([0, 1, None], logits) == {
        "rows": 2,
        "accuracy": 1.0,
        "named_accuracy": 1.0,
    }

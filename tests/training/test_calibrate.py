import numpy as np
import pytest

from models.training.calibrate import fit_temperature, shrunk, softmax


def test_the_temperature_cools_an_overconfident_model() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 10, 2000)
    logits = generator.normal(size=(2000, 10)).astype(np.float32)
    logits[np.arange(2000), truth] += 1.5
    plain = fit_temperature(logits, truth)
    assert fit_temperature(logits * 3, truth) == pytest.approx(3 * plain, rel=0.05)


def test_softmax_rows_sum_to_one_even_for_large_logits() -> None:
    assert softmax(np.asarray([[1000.0, 999.0]], dtype=np.float32)).sum() == pytest.approx(1.0)


def test_a_temperature_of_few_prompts_is_moved_towards_one() -> None:
    assert shrunk(1.2, 0) == 1.0
    assert 1.0 < shrunk(1.2, 600) < shrunk(1.2, 6000) < 1.2
    assert 0.8 < shrunk(0.8, 600) < 1.0

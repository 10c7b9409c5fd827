"""Abilities are recovered from outcomes that were drawn from them."""

import numpy as np
import pytest

from routerd.replay.ability_fit import fit, sigmoid

TRUE = np.array([-1.5, 0.0, 1.0, 2.5])


def test_abilities_are_recovered() -> None:
    random = np.random.default_rng(1)
    difficulty = random.normal(0.5, 1.5, 4000)
    chance = sigmoid(TRUE[None, :] - difficulty[:, None])
    found = fit((random.random(chance.shape) < chance).astype(float), difficulty)
    assert found.logits == pytest.approx(TRUE, abs=0.15)
    assert (found.sd < 0.1).all()


def test_a_model_that_tried_little_is_pulled_to_the_prior() -> None:
    passed = np.full((50, 2), np.nan)
    passed[:, 0] = 1.0
    passed[0, 1] = 1.0
    found = fit(passed, np.zeros(50), prior=np.array([0.0, -1.0]))
    assert found.logits[0] > 2.0
    assert -1.0 < found.logits[1] < 1.5
    assert found.sd[1] > found.sd[0]


def test_a_stronger_pull_keeps_nearer_to_the_prior() -> None:
    passed, prior = np.ones((20, 1)), np.zeros(1)
    near, far = (fit(passed, np.zeros(20), prior, pull=p).logits[0] for p in (30.0, 0.3))
    assert 0.0 < near < far


def test_all_passed_and_all_failed_stay_finite() -> None:
    found = fit(np.stack([np.ones(30), np.zeros(30)], axis=1), np.zeros(30))
    assert np.isfinite(found.logits).all()
    assert found.logits[0] > 0 > found.logits[1]

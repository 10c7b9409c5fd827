import numpy as np
import pytest

from routerd.learning import difficulty
from routerd.learning.difficulty import DIMENSIONS, fit, shifts

RANDOM = np.random.default_rng(5)
TASKS, MODELS = 400, 6
ABILITIES = np.linspace(-1.0, 3.0, MODELS)


def world(
    signal: float, seed: int = 1, tasks: int = TASKS
) -> tuple[difficulty.Floats, difficulty.Floats, difficulty.Floats, difficulty.Floats]:
    """Return features, outcomes, margins and the true shifts, which follow two of the features."""
    random = np.random.default_rng(seed)
    x = random.normal(0.0, 1.0 / np.sqrt(60), (tasks, 60))
    true = signal * (x[:, 0] - x[:, 1]) * np.sqrt(60)
    margin = np.tile(ABILITIES, (tasks, 1))
    chance = 1.0 / (1.0 + np.exp(-(margin - true[:, None])))
    return x, (random.random(chance.shape) < chance).astype(float), margin, true


def test_what_the_features_tell_of_difficulty_is_found() -> None:
    x, passed, margin, _ = world(1.0)
    head = fit(x, passed, margin)
    assert head is not None
    fresh, _, _, true = world(1.0, seed=2)
    assert np.corrcoef(head.shift(fresh), true)[0, 1] > 0.8
    assert head.explained > 0.2


def test_features_that_tell_nothing_explain_nothing() -> None:
    x, passed, margin, _ = world(0.0)
    head = fit(x, passed, margin)
    assert head is not None
    assert head.explained < 0.02
    assert np.abs(head.shift(x)).max() < 0.6


def test_a_tasks_own_outcome_takes_no_part_in_what_is_predicted_of_it_inside() -> None:
    x, passed, margin, true = world(1.0)
    head = fit(x, passed, margin)
    assert head is not None
    # In sample a regression on as many features looks better than it is; left-one-out it does not.
    own, _ = shifts(passed, margin)
    inside = np.corrcoef(head.inside, own)[0, 1]
    assert inside < np.corrcoef(head.shift(x), own)[0, 1]
    assert np.corrcoef(head.inside, true)[0, 1] > 0.6


def test_too_few_tasks_teach_nothing() -> None:
    x, passed, margin, _ = world(1.0, tasks=difficulty.FEWEST_TASKS - 1)
    assert fit(x, passed, margin) is None


def test_failures_of_able_models_say_more_than_those_of_weak_ones() -> None:
    margin = np.array([[3.0, np.nan], [np.nan, -1.0]])
    found, known = shifts(np.array([[0.0, np.nan], [np.nan, 0.0]]), np.nan_to_num(margin))
    assert found[0] > found[1] > 0.0
    assert (known > 0.0).all()


def test_what_was_not_tried_says_nothing() -> None:
    found, known = shifts(np.full((3, 2), np.nan), np.zeros((3, 2)))
    assert found == pytest.approx([0.0, 0.0, 0.0])
    assert known == pytest.approx([0.0, 0.0, 0.0])


def test_predictions_are_bounded() -> None:
    x, passed, margin, _ = world(1.0)
    head = fit(x, passed, margin)
    assert head is not None
    assert np.abs(head.shift(1e6 * x)).max() <= 3.0


@pytest.mark.parametrize("embedding", [b"", b"\x00", np.full(384, np.nan, "<f4").tobytes()])
def test_a_task_without_a_usable_embedding_is_judged_by_its_numbers(embedding: bytes) -> None:
    found = difficulty.features(embedding, 0.5, 0.9, 400)
    assert found.shape == (DIMENSIONS + 3,)
    assert (found[:DIMENSIONS] == 0.0).all()
    assert found[DIMENSIONS] > 0.0

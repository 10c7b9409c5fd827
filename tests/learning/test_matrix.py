import random

import pytest

from routerd.core.belief import Belief
from routerd.core.candidate import Candidate
from routerd.core.features import Features, Reading
from routerd.learning import matrix as module
from routerd.learning.cell import Said
from routerd.learning.matrix import Matrix, band, keys
from routerd.policy import abilities, scores
from routerd.policy.odds import sigmoid

NOW_S = 1_700_000_000.0
DEBUGGING = Reading("debugging", 0.9, 0.5, "python")
TESTING = Reading("testing", 0.9, 0.5, "python")


@pytest.mark.parametrize(
    ("complexity", "name"),
    [(0.0, "easy"), (0.34, "middling"), (0.67, "hard"), (1.0, "hard"), (float("nan"), "middling")],
)
def test_bands_are_thirds(complexity: float, name: str) -> None:
    assert band(complexity) == name


def test_nothing_is_believed_of_a_model_that_never_answered() -> None:
    assert Matrix().believe("p/m", DEBUGGING, NOW_S) == Belief()
    assert Matrix().beliefs(["p/m"], DEBUGGING, NOW_S) == {}


def taught(values: list[tuple[Reading, float]], model: str = "p/m") -> Matrix:
    matrix = Matrix()
    for number, (reading, value) in enumerate(values):
        matrix.learn(model, reading, Said(value, 1.0), 0.6, now_s=NOW_S + number)
    return matrix


def test_a_task_never_tried_takes_the_models_general_belief() -> None:
    matrix = taught([(DEBUGGING, 0.0)] * 12)
    assert matrix.believe("p/m", TESTING, NOW_S).shift < -0.5
    assert (
        matrix.believe("p/m", DEBUGGING, NOW_S).shift < matrix.believe("p/m", TESTING, NOW_S).shift
    )
    assert matrix.believe("p/other", DEBUGGING, NOW_S) == Belief()


def test_a_model_may_be_good_at_one_thing_and_poor_at_another() -> None:
    matrix = taught([(DEBUGGING, 0.0), (TESTING, 1.0)] * 20)
    assert matrix.believe("p/m", DEBUGGING, NOW_S).shift < -0.5
    assert matrix.believe("p/m", TESTING, NOW_S).shift > 0.3


def test_belief_fades_until_a_model_is_given_another_chance() -> None:
    matrix = taught([(DEBUGGING, 0.0)] * 12)
    soon, late = (matrix.believe("p/m", DEBUGGING, NOW_S + days * 86_400) for days in (1, 180))
    assert soon.shift < 2 * late.shift < 0
    assert late.weight < 1.0


def test_cells_not_used_longest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 6)
    matrix = Matrix()
    for number in range(3):
        matrix.learn(f"p/{number}", DEBUGGING, Said(1.0, 1.0), 0.6, now_s=NOW_S + number)
    assert len(matrix) == 6
    assert matrix.believe("p/0", DEBUGGING, NOW_S) == Belief()
    assert matrix.cell(("p/2",)).tried == 1.0


def test_an_answer_counts_from_coarse_to_fine() -> None:
    assert keys("p/m", DEBUGGING) == (
        ("p/m",),
        ("p/m", "debugging"),
        ("p/m", "debugging", "python", "middling"),
    )


def error_after(outcomes: int, true: float, seed: int) -> float:
    """Return the error of the mean P(success) of a model that only its outcomes tell of."""
    chance = random.Random(seed)
    model = Candidate("p", "some-new-model", ability=abilities.guess("some-new-model").ability)
    matrix = Matrix()
    for number in range(outcomes):
        reading = Reading("generation", 1.0, chance.random(), "python")
        seen = Features(reading)
        value = float(chance.random() < sigmoid(true - scores.difficulty(seen)))
        said, base = Said(value, 1.0), scores.fit(model, seen)
        matrix.learn(model.name, reading, said, base, now_s=NOW_S + number)
    errors = []
    for _ in range(200):
        reading = Reading("generation", 1.0, chance.random(), "python")
        hard = scores.difficulty(Features(reading))
        believed = matrix.beliefs([model.name], reading, NOW_S + outcomes)
        guess = scores.fit(model, Features(reading, beliefs=believed))
        errors.append(guess - sigmoid(true - hard))
    return sum(errors) / len(errors)


@pytest.mark.parametrize("true", [-0.5, 1.0, 3.0])
def test_a_model_without_an_entry_is_within_five_points_after_two_hundred_outcomes(
    true: float,
) -> None:
    assert sum(abs(error_after(200, true, seed)) for seed in range(6)) / 6 < 0.05
    # The control: before any outcome it is not.
    assert abs(error_after(0, true, 0)) > 0.05 or true == 1.0

from routerd.core.features import Reading
from routerd.learning import keeping
from routerd.learning.cell import HALF_LIFE_S, Said
from routerd.learning.matrix import Matrix

NOW_S = 1_700_000_000.0
READING = Reading("debugging", 0.9, 0.5, "python")


def taught() -> Matrix:
    matrix = Matrix()
    for number in range(12):
        matrix.learn("p/m", READING, Said(0.0, 1.0), 0.6, now_s=NOW_S + number)
    return matrix


def test_a_matrix_comes_back_as_it_was() -> None:
    before = taught()
    again = keeping.matrix_of(keeping.rows_of(before, NOW_S + 11))
    for now_s in (NOW_S + 11, NOW_S + HALF_LIFE_S):
        assert again.believe("p/m", READING, now_s) == before.believe("p/m", READING, now_s)


def test_what_has_faded_away_is_not_kept() -> None:
    assert list(keeping.rows_of(taught(), NOW_S + 20 * HALF_LIFE_S)) == []


def test_numbers_of_another_version_are_left_out_and_missing_ones_are_nothing() -> None:
    again = keeping.matrix_of([(("p/m",), {"tried": 3.0, "of_the_future": 1.0})])
    assert again.cell(("p/m",)).tried == 3.0
    assert again.cell(("p/m",)).well == 0.0


def test_a_former_runs_cells_never_go_over_this_runs() -> None:
    now = taught()
    before = Matrix()
    before.learn("p/m", READING, Said(1.0, 1.0), 0.6, now_s=NOW_S)
    before.learn("p/other", READING, Said(1.0, 1.0), 0.6, now_s=NOW_S)
    now.take_up(before)
    assert now.cell(("p/m",)).tried > 10
    assert now.cell(("p/other",)).tried == 1.0

"""The matrix as rows of plain numbers and back; how it is kept is another room's business."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields

from routerd.learning.cell import Cell
from routerd.learning.matrix import Key, Matrix

SAVE_EVERY_S = 3600.0
# By then a start is over and the engines have been found.
FIRST_AFTER_S = 30.0
# A cell whose answers have faded to less than this says nothing any more.
LEAST = 0.05
_NAMES = tuple(field.name for field in fields(Cell))


def rows_of(matrix: Matrix, now_s: float) -> Iterator[tuple[Key, Mapping[str, float]]]:
    """Yield what is worth keeping, faded to now, oldest first."""
    for key, cell in matrix.rows():
        now = cell.faded(now_s)
        if now.tried >= LEAST:
            yield key, asdict(now)


def matrix_of(rows: Iterable[tuple[Key, Mapping[str, float]]]) -> Matrix:
    """Return the matrix; unknown numbers of another version are left out, missing ones are 0."""
    return Matrix(
        {
            tuple(key): Cell(**{name: float(cell[name]) for name in _NAMES if name in cell})
            for key, cell in rows
        }
    )

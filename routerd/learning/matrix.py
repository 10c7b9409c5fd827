"""The performance matrix: model x task x language x band of complexity, coarse cells under fine ones.

Holds numbers, no prompts; reads no clock and writes no file. Each answer counts in the cell of its
model, of model and task, and of all four; a fine cell with few answers says what the coarser says.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from routerd.core.belief import Belief
from routerd.core.features import Reading
from routerd.learning.cell import Cell, Said
from routerd.policy.odds import within

Key = tuple[str, ...]
BANDS = ("easy", "middling", "hard")
# A change of the whole model makes the finer cells worth little.
AFTER_A_CHANGE = 0.1
# Cells in all; beyond it those that were not used longest make room. 134 models never fill it.
MOST_CELLS = 20_000


def band(complexity: float) -> str:
    """Return the band of a complexity, thirds of 0..1."""
    return BANDS[min(2, int(3.0 * within(complexity, otherwise=0.5)))]


def keys(model: str, reading: Reading) -> tuple[Key, Key, Key]:
    """Return the keys of the cells that an answer counts in, coarse to fine."""
    fine = (model, reading.task, reading.language, band(reading.complexity))
    return fine[:1], fine[:2], fine


class Matrix:
    """The cells; `learn` and `believe` take microseconds."""

    def __init__(self, cells: Mapping[Key, Cell] | None = None) -> None:
        self._cells: dict[Key, Cell] = dict(cells or {})

    def __len__(self) -> int:
        return len(self._cells)

    def take_up(self, before: "Matrix") -> None:
        """Put a former run's cells in; those that this run has learnt already stay."""
        self._cells = {**before._cells, **self._cells}

    def cell(self, key: Key) -> Cell:
        """Return a cell as it was at its last answer; an empty one where there is none."""
        return self._cells.get(key, Cell())

    def rows(self) -> Iterator[tuple[Key, Cell]]:
        """Yield every cell with its key."""
        yield from self._cells.items()

    def learn(
        self,
        model: str,
        reading: Reading,
        said: Said,
        expected: float,
        *,
        now_s: float,
        instead_of: Said = Said(),  # noqa: B008  # frozen
    ) -> None:
        """Take in one answer, or what it turned out to be `instead_of` what was said before.

        `expected`: what was expected by name and size alone, 0..1.
        """
        for key in keys(model, reading):
            before = self._cells.pop(key, Cell())
            if instead_of.weight > 0.0:
                after = before.corrected(instead_of, said, expected)
            else:
                after = before.after(said, expected, now_s)
            self._cells[key] = after  # at the end: the newest is the last to make room
            if after.changed_unix_s > before.changed_unix_s and len(key) == 1:
                self._forget_most(model)
        while len(self._cells) > MOST_CELLS:
            self._cells.pop(next(iter(self._cells)))

    def _forget_most(self, model: str) -> None:
        for key, cell in self._cells.items():
            if key[0] == model and len(key) > 1:
                kept = AFTER_A_CHANGE
                self._cells[key] = replace(
                    cell,
                    tried=cell.tried * kept,
                    well=cell.well * kept,
                    expected=cell.expected * kept,
                    slope=cell.slope * kept,
                    quick_tried=0.0,
                    worse=0.0,
                    better=0.0,
                )

    def believe(self, model: str, reading: Reading, now_s: float) -> Belief:
        """Return what is believed of a model at such a task; `Belief()` where nothing is known."""
        shift, weight, changed_s = 0.0, 0.0, float("inf")
        for key in keys(model, reading):
            cell = self._cells.get(key)
            if cell is None:
                break
            now = cell.faded(now_s)
            shift = now.shift(shift)
            weight = weight or now.tried
            changed_s = min(changed_s, now_s - cell.changed_unix_s)
        return Belief(shift, weight, changed_s)

    def beliefs(self, models: Iterable[str], reading: Reading, now_s: float) -> dict[str, Belief]:
        """Return the beliefs of those models of which something is known."""
        found = {model: self.believe(model, reading, now_s) for model in models}
        return {model: belief for model, belief in found.items() if belief.weight > 0.0}

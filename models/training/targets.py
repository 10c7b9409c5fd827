"""Turns rows into the tensors that the network is scored against."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.rows import Row
from routerd.core.features import TASKS


class Weighing(Protocol):
    """What a plan says of how much each output counts."""

    @property
    def smoothing(self) -> float:
        """Share of a label that is spread over all tasks."""

    @property
    def language_weight(self) -> float:
        """Of the language's loss."""

    @property
    def complexity_weight(self) -> float:
        """Of the complexity's loss."""


class Targets:
    """Labels and weights of rows as tensors; -1 marks a label nobody gave."""

    def __init__(self, rows: Sequence[Row], device: str = "cpu", level: int = 0) -> None:
        self.task = torch.tensor([row.task for row in rows], device=device)
        self.language = torch.tensor(
            [-1 if row.language is None else row.language for row in rows], device=device
        )
        self.complexity = torch.tensor(
            [-1.0 if row.complexity is None else row.complexity for row in rows], device=device
        )
        weights = balanced_weights(rows, level)
        self.weight = torch.tensor(weights, dtype=torch.float32, device=device)

    def losses(
        self,
        outputs: tuple[torch.Tensor, ...],
        batch: torch.Tensor,
        weighing: Weighing,
        pasted: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the losses [b] of (task, complexity, language), the task's apart from the others'.

        Labels nobody gave count for nothing, nor does the language of a text with code `pasted` in.
        """
        task, complexity, language = (output.float() for output in outputs)
        wrong = functional.cross_entropy(
            task, self.task[batch], reduction="none", label_smoothing=weighing.smoothing
        )
        others = weighing.language_weight * functional.cross_entropy(
            language,
            self.language[batch].masked_fill(pasted, -1),
            reduction="none",
            ignore_index=-1,
        )
        level = self.complexity[batch]
        others += weighing.complexity_weight * (complexity - level).square() * (level >= 0)
        return wrong, others


def balanced_weights(rows: Sequence[Row], level: int = 0) -> NDArray[np.float64]:
    """Return row weights, mean 1, with every class's total moved to its square root.

    `level`: see `_levelled`; 0 leaves people's rows as they are.
    """
    weights = np.asarray([row.weight for row in rows])
    if level:
        weights = _levelled(rows, weights, level)
    tasks = np.asarray([row.task for row in rows])
    totals = np.bincount(tasks, weights=weights, minlength=len(TASKS))
    weights = weights / np.sqrt(np.maximum(totals[tasks], 1e-9))
    return weights / weights.mean()


def _levelled(rows: Sequence[Row], weights: NDArray[np.float64], level: int) -> NDArray[np.float64]:
    """Return weights by which those few who typed most of people's rows don't outweigh the others.

    A row of a source of n > `level` rows weighs sqrt(level / n) of before; all people's rows together
    weigh what they did.
    """
    typed = np.asarray([row.by_people for row in rows])
    sizes = Counter(row.group for row in rows if row.by_people)
    shares = [
        (level / max(sizes[row.group], level)) ** 0.5 if row.by_people else 1.0 for row in rows
    ]
    levelled = weights * shares
    levelled[typed] *= weights[typed].sum() / max(levelled[typed].sum(), 1e-9)
    return levelled

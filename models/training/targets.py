"""Turns rows into the tensors that the network is scored against."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.rows import Row
from routerd.core.features import TASKS


class Targets:
    """Labels and weights of rows as tensors; -1 marks a label nobody gave."""

    def __init__(self, rows: Sequence[Row], device: str = "cpu") -> None:
        self.task = torch.tensor([row.task for row in rows], device=device)
        self.language = torch.tensor(
            [-1 if row.language is None else row.language for row in rows], device=device
        )
        self.complexity = torch.tensor(
            [-1.0 if row.complexity is None else row.complexity for row in rows], device=device
        )
        self.weight = torch.tensor(balanced_weights(rows), dtype=torch.float32, device=device)


def balanced_weights(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return row weights, mean 1, with every class's total moved to its square root."""
    weights = np.asarray([row.weight for row in rows])
    tasks = np.asarray([row.task for row in rows])
    totals = np.bincount(tasks, weights=weights, minlength=len(TASKS))
    weights = weights / np.sqrt(np.maximum(totals[tasks], 1e-9))
    return weights / weights.mean()

"""Trains the three heads on fixed embeddings; seconds per run, so every fold gets its own."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.training.encoder import DIMENSIONS
from models.training.rows import LANGUAGES, Row
from routerd.core.features import TASKS

SEED = 7
EPOCHS = 12
BATCH = 256
HIDDEN = 256
LANGUAGE_WEIGHT = 0.5
COMPLEXITY_WEIGHT = 4.0
LABEL_SMOOTHING = 0.05


class Heads(nn.Module):
    """[b, 384] unit vectors to task logits, complexity 0..1 and language logits."""

    def __init__(self) -> None:
        super().__init__()
        self.task = _perceptron(HIDDEN, len(TASKS))
        self.complexity = _perceptron(HIDDEN // 4, 1)
        self.language = _perceptron(HIDDEN // 2, len(LANGUAGES))

    def forward(self, emb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return (task logits [b, tasks], complexity [b], language logits [b, languages])."""
        # A unit vector's entries are near 0.05; scaled to near 1 the heads learn faster.
        scaled = emb * DIMENSIONS**0.5
        complexity = torch.sigmoid(self.complexity(scaled)).squeeze(-1)
        return self.task(scaled), complexity, self.language(scaled)


def _perceptron(hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(0.3),
        nn.Linear(DIMENSIONS, hidden),
        nn.GELU(),
        nn.Dropout(0.3),
        nn.Linear(hidden, outputs),
    )


class Targets:
    """Labels and weights of rows as tensors; -1 marks a label nobody gave."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.task = torch.tensor([row.task for row in rows])
        self.language = torch.tensor([-1 if r.language is None else r.language for r in rows])
        self.complexity = torch.tensor(
            [-1.0 if row.complexity is None else row.complexity for row in rows]
        )
        self.weight = torch.tensor(balanced_weights(rows), dtype=torch.float32)


def balanced_weights(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return row weights, mean 1, with every class's total moved to its square root."""
    weights = np.asarray([row.weight for row in rows])
    tasks = np.asarray([row.task for row in rows])
    totals = np.bincount(tasks, weights=weights, minlength=len(TASKS))
    weights = weights / np.sqrt(np.maximum(totals[tasks], 1e-9))
    return weights / weights.mean()


def train_heads(emb: NDArray[np.float32], rows: Sequence[Row], *, epochs: int = EPOCHS) -> Heads:
    """Train on `emb` [n, 384] and return the heads in evaluation mode; the same seed every time."""
    torch.manual_seed(SEED)
    heads = Heads()
    inputs, targets = torch.from_numpy(emb), Targets(rows)
    optimiser = torch.optim.AdamW(heads.parameters(), lr=2e-3, weight_decay=0.02)
    steps = epochs * -(-len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=2e-3, total_steps=steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(rows)).split(BATCH):
            optimiser.zero_grad()
            heads_loss(heads(inputs[batch]), targets, batch).backward()
            optimiser.step()
            schedule.step()
    return heads.eval()


def heads_loss(
    outputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor], targets: Targets, batch: torch.Tensor
) -> torch.Tensor:
    """Return the summed loss of one batch; labels nobody gave count for nothing."""
    task, complexity, language = outputs
    weight = targets.weight[batch]
    task_loss = functional.cross_entropy(
        task, targets.task[batch], reduction="none", label_smoothing=LABEL_SMOOTHING
    )
    language_loss = functional.cross_entropy(
        language, targets.language[batch], reduction="none", ignore_index=-1
    )
    level = targets.complexity[batch]
    complexity_loss = (complexity - level).square() * (level >= 0)
    return (
        (task_loss + LANGUAGE_WEIGHT * language_loss + COMPLEXITY_WEIGHT * complexity_loss) * weight
    ).mean()


def predict(heads: Heads, emb: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Return task logits, complexity and language logits as arrays."""
    with torch.no_grad():
        return tuple(output.numpy() for output in heads(torch.from_numpy(emb)))

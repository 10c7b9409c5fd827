"""How often each task is asked for by people, and in what is taught.

Rare tasks are taught more often than people ask for them, or they would not be learnt; a network so
taught says them too often. What it says of a text, divided by how often a task was taught and
multiplied by how often people ask for it, is what it would say had it been taught people's mix
(Saerens, Latinne and Decaestecker 2002; Menon et al. 2021, logit adjustment).
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.training.finetune import Plan, Soft, epoch_draw
from models.training.rows import Row
from models.training.targets import balanced_weights
from routerd.core.features import TASKS

UNLOGGED = "completion"
"""Editors ask for it while somebody types; logs of chats can't tell how often."""


def prior_shift(
    taught: Sequence[Row], soft: Soft, plan: Plan, typed: Sequence[Row]
) -> NDArray[np.float32]:
    """Return what to add to task logits [10] so that they expect the tasks of `typed` rows.

    `taught`, `soft` and `plan` are those of the last stage, where there was one: what a network
    was taught before, it no longer expects.
    """
    asked, learnt = people_prior(typed), taught_prior(taught, soft, plan)
    logged = np.asarray([task != UNLOGGED for task in TASKS])
    # One prompt in a thousand more of each: a task that nobody happened to ask for can be.
    shift = np.log(asked + 0.001) - np.log(learnt / learnt[logged].sum())
    shift[~logged] = 0.0
    return shift.astype(np.float32)


def people_prior(rows: Sequence[Row]) -> NDArray[np.float64]:
    """Return each task's share [10] in what people type, logged tasks alone.

    A source counts by the root of its prompts: one person's many say less than many persons'.
    """
    sizes = Counter(row.group for row in rows)
    counts = np.zeros(len(TASKS))
    for row in rows:
        if TASKS[row.task] != UNLOGGED:
            counts[row.task] += sizes[row.group] ** -0.5
    return counts / counts.sum()


def taught_prior(rows: Sequence[Row], soft: Soft, plan: Plan) -> NDArray[np.float64]:
    """Return each task's share [10] of all that an epoch of the plan teaches."""
    labels = soft.labels([row.task for row in rows], plan.smoothing)
    weights = balanced_weights(rows, plan.level) * epoch_draw(rows, plan).shares()
    shares: NDArray[np.float64] = weights @ labels.numpy()
    return shares / shares.sum()

"""Teaches people's own prompts once more, alone and gently, after all that was written.

They are 5 % of the rows of an epoch, and the only ones that are what the network is for. Labels
alone are learnt by heart in three passes at 8e-5; with what the prompts are made of told beside them
(`aspects.py`) the same passes gain 0.009 nats on prompts of sources that were never taught (README.md).
Counted as much as the labels they bore four passes at 1.2e-4.
Beside each stands what its author wants in plain words, how others would type it (`retold.py`), and what
grew out of it and wants something else (`offshoots.py`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.finetune import Plan, Soft, finetune, pastes
from models.training.model import Classifier
from models.training.offshoots import offshoots
from models.training.retold import retold
from models.training.rows import Row

NOT_MOVED = 0.25
"""How much of the network before this stage stays in the weights: as likely, and less too sure."""


def teach_people(
    network: Classifier,
    rows: Sequence[Row],
    meaning: NDArray[np.float32],
    soft: Soft,
    plan: Plan,
    device: str = "cpu",
) -> Classifier:
    """Return the network after `plan.people_epochs` over those of `rows` that people typed.

    `meaning` [n, 384] and `soft` are those of all rows. Without such rows or epochs it is
    `network` itself.
    """
    last = last_lessons(rows, soft, plan)
    if last is None:
        return network
    free = np.zeros((len(last.rows) - len(last.typed), meaning.shape[1]), dtype=np.float32)
    print(
        f"  people's {len(last.typed):,} prompts once more, and {len(free):,} beside them",
        flush=True,
    )
    return finetune(
        last.rows,
        np.concatenate([meaning[last.typed], free]),
        gentle(plan),
        soft=last.soft,
        start=network,
        pieces=pastes(rows),
        device=device,
    ).cpu()


class LastLessons(NamedTuple):
    """What is taught in the end: `rows` with what is said of them, the prompts at `typed` first."""

    rows: list[Row]
    soft: Soft
    typed: list[int]


def last_lessons(rows: Sequence[Row], soft: Soft, plan: Plan) -> LastLessons | None:
    """Return what the last stage teaches where `rows` are all there are, None for nothing."""
    typed = [at for at, row in enumerate(rows) if row.by_people]
    if not typed or plan.people_epochs <= 0:
        return None
    prompts = [rows[at] for at in typed]
    said, others = retold(prompts, plan.people_retold)
    grown = offshoots(prompts, plan.people_offshoots)
    places = torch.tensor([*typed, *(typed[at] for at in said)])
    own = _and_own(Soft(soft.task[places], soft.share[places]), len(grown))
    return LastLessons([*prompts, *others, *grown], own, typed)


def _and_own(soft: Soft, count: int) -> Soft:
    """Return `soft` and after it so many rows whose own labels are all that is said of them."""
    none = soft.task.new_zeros((count, soft.task.shape[1]))
    return Soft(torch.cat([soft.task, none]), torch.cat([soft.share, soft.share.new_zeros(count)]))


def gentle(plan: Plan) -> Plan:
    """Return how the last stage runs: slow, from all of the network, the mean over few steps."""
    return replace(
        plan,
        epochs=plan.people_epochs,
        stop=0.0,
        rate=plan.people_rate,
        head_rate=2 * plan.people_rate,
        piece_rate=2 * plan.people_rate,
        warm_up=0.1,
        ema=0.98,
        kept=1.0,
        aspect_weight=plan.people_aspects,
        pasted=plan.people_pasted,
        start_share=NOT_MOVED,
    )

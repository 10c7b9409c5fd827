"""The second opinion on task and complexity: linear over word pieces, their pairs and triples.

It errs elsewhere than the encoder; together they read unseen sources two points better. Taught
apart, because taught together it would memorise what the encoder finds hard. Its word on
complexity is taught by `hardness`.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.training.augment import Augmenter
from models.training.batches import TextTokens, padded
from models.training.finetune import Soft, pastes
from models.training.model import Classifier
from models.training.rows import Row
from models.training.targets import Targets
from routerd.core.features import TASKS

BUCKETS = 1 << 18
_FACTORS = (1_000_003, 7_919, 104_729)
EPOCHS, BATCH, RATE, DROPPED, SMOOTHING = 2, 256, 0.3, 0.3, 0.05
DEEP_SHARE, WIDE_SHARE = 0.54, 0.3
"""Chosen on left-out sources: 0.7 of the encoder's log odds at temperature 1.3, 0.3 of these."""
HARDNESS_SHARE = 0.4
"""From 0.1 on, models' failures are told the better the larger it is; people's labels no worse."""


class Wide(nn.Module):
    """[b, n] ids and mask to `outputs` numbers [b, outputs]: task logits by default."""

    def __init__(self, outputs: int = len(TASKS)) -> None:
        super().__init__()
        self.table = nn.Embedding(BUCKETS, outputs, sparse=True)
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.zeros_(self.table.weight)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, dropped: float = 0.0
    ) -> torch.Tensor:
        """Sum the entries of all pieces, pairs and triples, over the root of their number."""
        bucket, present = buckets(input_ids, attention_mask)
        if dropped:
            present = present * (torch.rand(present.shape) > dropped)
        entries = self.table(bucket) * present.unsqueeze(-1)
        return entries.sum(1) / present.sum(1, keepdim=True).clamp(min=1.0).sqrt() + self.bias


def buckets(ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the entry of every piece, pair and triple [b, 3n-3], and 1 where there is one."""
    first, second, third = _FACTORS
    pairs = (ids[:, :-1] * first + ids[:, 1:] * second + 1) % BUCKETS
    triples = (ids[:, :-2] * first + ids[:, 1:-1] * second + ids[:, 2:] * third + 2) % BUCKETS
    # A pair or triple is there when its last piece is: padding stands at the end.
    return (
        torch.cat([ids, pairs, triples], dim=1),
        torch.cat([mask, mask[:, 1:], mask[:, 2:]], dim=1).float(),
    )


class Reader(nn.Module):
    """What is exported: the fine-tuned network with the linear models' words.

    `wide` has a say on the task, `hardness` (one output, standard deviations) on the complexity.
    """

    def __init__(self, network: Classifier, wide: Wide, hardness: Wide) -> None:
        super().__init__()
        self.network = network
        self.wide = wide
        self.hardness = hardness

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the outputs in the order in which they are exported."""
        emb, task, complexity, language = self.network(input_ids, attention_mask)
        task = DEEP_SHARE * task + WIDE_SHARE * self.wide(input_ids, attention_mask)
        harder = self.hardness(input_ids, attention_mask).squeeze(-1)
        complexity = (complexity + HARDNESS_SHARE * harder).clamp(0.0, 1.0)
        return emb, task, complexity, language


def teach_wide(rows: Sequence[Row], seed: int, soft: Soft | None = None) -> Wide:
    """Teach the linear model in half a minute; the same seed gives the same weights."""
    torch.manual_seed(seed)
    # Its own gradients are well formed; torch wants to be told that nobody need look.
    torch.sparse.check_sparse_tensor_invariants.disable()
    wide, targets = Wide(), Targets(rows)
    augmenter = Augmenter(seed, pastes(rows))
    tokens = TextTokens().encode([augmenter.with_code(row.text).text for row in rows])
    optimiser = torch.optim.Adagrad(wide.parameters(), lr=RATE)
    chance = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        for batch in torch.from_numpy(chance.permutation(len(rows))).split(BATCH):
            ids, mask = padded([tokens[int(index)] for index in batch])
            task = wide(ids, mask, DROPPED)
            losses = functional.cross_entropy(
                task, targets.task[batch], reduction="none", label_smoothing=SMOOTHING
            )
            if soft is not None:
                losses = soft.mix(losses, task, batch)
            optimiser.zero_grad()
            (losses * targets.weight[batch]).mean().backward()
            optimiser.step()
    return wide.eval()

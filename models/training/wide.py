"""The second opinion on complexity: linear over word pieces, their pairs and triples.

Taught by `hardness`. Up to version 7 it had a vote on the task too, which made up for what the
network had not learnt; it moves with whatever code stands beside an ask.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.training.model import Classifier

BUCKETS = 1 << 18
_FACTORS = (1_000_003, 7_919, 104_729)
HARDNESS_SHARE = 0.4
"""From 0.1 on, models' failures are told the better the larger it is; people's labels no worse."""


class Wide(nn.Module):
    """[b, n] ids and mask to [b], what is added to a complexity, in standard deviations."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(BUCKETS, 1)
        self.bias = nn.Parameter(torch.zeros(1))
        nn.init.zeros_(self.table.weight)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Sum the entries of all pieces, pairs and triples, over the root of their number."""
        bucket, present = buckets(input_ids, attention_mask)
        entries = self.table(bucket).squeeze(-1) * present
        return entries.sum(1) / present.sum(1).clamp(min=1.0).sqrt() + self.bias


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
    """What is exported: the fine-tuned network, whose complexity the linear model moves.

    `shift` [10] is added to the task logits (see `priors`). It stands beside the network's weights,
    not in them: a training that goes on from an exported graph begins at what was taught.
    """

    def __init__(self, network: Classifier, hardness: Wide, shift: NDArray[np.float32]) -> None:
        super().__init__()
        self.network = network
        self.hardness = hardness
        self.register_buffer("shift", torch.from_numpy(shift))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the outputs in the order in which they are exported."""
        emb, task, complexity, language = self.network(input_ids, attention_mask)
        harder = self.hardness(input_ids, attention_mask)
        return (
            emb,
            task + self.shift,
            (complexity + HARDNESS_SHARE * harder).clamp(0.0, 1.0),
            language,
        )

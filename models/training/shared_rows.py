"""Places of the vocabulary that share one row of the word embeddings.

Many words of other languages (`vocabulary.py`) stand in no text that is taught. They still lie near
where they began, at their English words; where that is one word, as for 5,200 of them, both take its
row. A graph reads as well and is 2.0 MB smaller.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.training import vocabulary
from models.training.batches import TextTokens
from models.training.encoder import TOKENIZER, base_dir

_WHOLE_TEXT = 4096


class SharedRows(nn.Module):
    """Word embeddings [rows, d] and which row each place of the vocabulary takes, [places]."""

    row_of: torch.Tensor

    def __init__(self, weight: torch.Tensor, row_of: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.register_buffer("row_of", row_of)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """[b, n] places to [b, n, d]."""
        return functional.embedding(self.row_of[input_ids], self.weight)


def share_rows(bert: Any, twins: Mapping[int, int]) -> None:
    """Let each place of `twins` read the row of another one, and drop its own.

    Raises: ValueError when that other one's row is to be dropped as well.
    """
    if chained := twins.keys() & set(twins.values()):
        raise ValueError(f"{len(chained)} places lend a row and borrow one, as {min(chained)}")
    weight = bert.embeddings.word_embeddings.weight.detach()
    kept = torch.ones(len(weight), dtype=torch.bool)
    kept[list(twins)] = False
    row_of = torch.cumsum(kept, dim=0) - 1
    row_of[list(twins)] = row_of[list(twins.values())]
    bert.embeddings.word_embeddings = SharedRows(weight[kept], row_of.int())


def untaught_words(texts: Sequence[str]) -> dict[int, int]:
    """Return place of each added word that no text holds -> place of the one English word it means."""
    held = {place for ids in TextTokens(_WHOLE_TEXT).encode(texts) for place in ids}
    begun = vocabulary.beginnings(base_dir() / TOKENIZER)
    return {
        place: pieces[0]
        for place, pieces in begun.items()
        if len(pieces) == 1 and place not in held
    }

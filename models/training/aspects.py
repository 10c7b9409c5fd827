"""Teaches what a prompt is made of beside its labels: its form, its object, its kind among forty.

One task of ten is little to learn from a prompt that somebody typed, and there are few of those.
Readers said of each, from its text alone, six things more (`data/ASPECTS.md` is their guide). A head
that is thrown away afterwards tells them from what the other heads read, so that these features
must hold them (an auxiliary task: Caruana 1997). `data/aspects.tsv.gz` has a line a text: the first
16 hex digits of its SHA-256, five codes, kinds with their shares in hundredths.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.descent import set_rates
from models.training.encoder import DIMENSIONS
from models.training.model import Classifier, perceptron
from models.training.rows import DATA, RETOLD, Row, digest_of, packed_lines

FILE = "aspects.tsv.gz"
CODES = ("QDRAICS", "cutdgrfkpan", "012", "ncsx0", "123")
"""Letters of the five codes: form, object, trouble, change wanted, need of the session."""
_NAMES = (
    "g1 g2 g3 g4 g5 g6 b1 b2 b3 b4 b5 b6 e1 e2 e3 e4 e5 e6 r1 r2 r3 r4 d1 d2 d3 d4 t1 t2 v1 v2 "
    "o1 o2 o3 o4 o5 o6 x1 x2 x3 x4 c1"
)
KINDS = tuple(_NAMES.split())
_SIZES = (*map(len, CODES), len(KINDS))
RATE = 1e-3
DROPOUT = 0.15


class Aspects:
    """The task: what rows are made of, the head that tells it, and that head's steps."""

    def __init__(
        self, network: Classifier, rows: Sequence[Row], weight: float, data: Path = DATA
    ) -> None:
        """`weight` of the task beside the labels' losses; 0 asks nothing."""
        self._network = network
        self._weight = weight
        if not weight:
            return
        device = network.bert.embeddings.word_embeddings.weight.device
        known = load_aspects(data)
        unknown = np.zeros(sum(_SIZES), dtype=np.float32)
        told = [known.get(_read_as(row), unknown) for row in rows]
        self._told = torch.from_numpy(np.stack(told)).to(device)
        self._head = perceptron(DIMENSIONS, sum(_SIZES), DROPOUT).to(device)
        self._optimiser = torch.optim.AdamW(self._head.parameters(), lr=RATE)

    def loss(self, states: torch.Tensor, mask: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Return the weighted loss for the rows at `batch` [b], of encoder `states` [b, n, 384].

        Rows of which nobody told anything count for nothing.
        """
        if not self._weight:
            return states.new_zeros(())
        features = self._network.pooled(states, mask)[1]
        guessed = self._head(features).float().split(_SIZES, -1)
        told = self._told[batch].split(_SIZES, -1)
        losses = [
            -(truth * functional.log_softmax(guess, -1)).sum(-1).mean()
            for guess, truth in zip(guessed, told, strict=True)
        ]
        return self._weight * torch.stack(losses).sum()

    def step(self, share: float) -> None:
        """Move the head down the gradient of the last loss, at this share of its rate."""
        if not self._weight:
            return
        set_rates(self._optimiser, [RATE], share)
        self._optimiser.step()
        self._optimiser.zero_grad()


def _read_as(row: Row) -> str:
    """Return the digest of the text that readers saw: the prompt's, where it is said in other words."""
    return row.original if row.kind == RETOLD else digest_of(row.text)


@cache
def load_aspects(data: Path = DATA) -> Mapping[str, NDArray[np.float32]]:
    """Return digest of a text -> codes as ones and kinds as shares, one after another [70].

    Raises: FileNotFoundError without the file, ValueError for a line that is none.
    """
    lines = packed_lines(data / FILE)
    return dict(_read(line) for line in lines)


def _read(line: str) -> tuple[str, NDArray[np.float32]]:
    digest, codes, kinds = line.split("\t")
    parts = [
        np.eye(len(letters), dtype=np.float32)[letters.index(code)]
        for letters, code in zip(CODES, codes.split(" "), strict=True)
    ]
    return digest, np.concatenate([*parts, shares_among(KINDS, kinds)])


def shares_among(names: Sequence[str], told: str) -> NDArray[np.float32]:
    """Return what names with their shares ("b3 70 b5 30") say of all `names`, adding up to one.

    Raises: ValueError.
    """
    words = told.split(" ")
    shares = np.zeros(len(names), dtype=np.float32)
    for name, part in zip(words[::2], words[1::2], strict=True):
        shares[names.index(name)] += float(part)
    return shares / shares.sum()

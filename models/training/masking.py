"""Hides some words of what is taught, and lets the network tell them back as a further task.

So the encoder goes on learning what developers write, and not labels alone. The base model was first
taught so (Devlin et al. 2019, whose shares these are). Which words come back is read from the word
embeddings, which this task does not move: it would pull the pieces that labels never touch.
"""

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from models.training.encoder import DIMENSIONS, tokenizer_json
from models.training.model import Classifier

OF_TEXTS, OF_TOKENS = 0.5, 0.15
"""Which share of the texts loses tokens, and which share of those it loses."""
MASKED, REPLACED = 0.8, 0.1
"""Which share of the hidden tokens is the mask, and which another token; the rest stay as they are."""
MOST = 300
"""Tokens of one batch that are told back; more cost time and teach little."""
RATE = 1e-3
WARM_UP_STEPS = 300
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class Masking:
    """The task: what it hides, the head that tells it back, and that head's steps."""

    def __init__(self, network: Classifier, weight: float) -> None:
        """`weight` of the task beside the labels' losses; 0 hides nothing."""
        self._words = network.bert.embeddings.word_embeddings.weight
        self._weight = weight
        tokenizer = Tokenizer.from_str(tokenizer_json())
        self._mask = tokenizer.token_to_id("[MASK]")
        device = self._words.device
        ids = [tokenizer.token_to_id(name) for name in _SPECIAL]
        self._special = torch.tensor(ids, device=device)
        self._head = nn.Sequential(
            nn.Linear(DIMENSIONS, DIMENSIONS),
            nn.GELU(),
            nn.LayerNorm(DIMENSIONS),
            nn.Linear(DIMENSIONS, DIMENSIONS),
        ).to(device)
        self._bias = nn.Parameter(torch.zeros(len(self._words), device=device))
        learnt = [*self._head.parameters(), self._bias]
        self._optimiser = torch.optim.AdamW(learnt, lr=RATE)
        self._steps = 0

    def hide(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the ids [b, n] with some tokens hidden, and which those are."""
        hidden = torch.zeros_like(ids, dtype=torch.bool)
        if not self._weight:
            return ids, hidden
        plain = ~torch.isin(ids, self._special)
        texts = self._chance(ids[:, :1]) < OF_TEXTS
        hidden = texts & (self._chance(ids) < OF_TOKENS) & plain
        how = self._chance(ids)
        seen = ids.masked_fill(hidden & (how < MASKED), self._mask)
        other = hidden & (how > 1 - REPLACED)
        # Of the same batch: a word that no text holds would be moved by chance alone.
        drawn = torch.randint(max(int(plain.sum()), 1), (int(other.sum()),))
        seen[other] = ids[plain][drawn.to(ids.device)]
        return seen, hidden

    def loss(self, states: torch.Tensor, ids: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Return the weighted loss of telling hidden tokens from the encoder's `states` [b, n, 384]."""
        gold = ids[hidden][:MOST]
        if not len(gold):
            return states.new_zeros(())
        told = self._head(states[hidden][:MOST]) @ self._words.detach().T
        share = self._weight * min(1.0, self._steps / WARM_UP_STEPS)
        return share * functional.cross_entropy(told.float() + self._bias, gold)

    def step(self) -> None:
        """Move the head down the gradient of the last loss."""
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._steps += 1

    def _chance(self, like: torch.Tensor) -> torch.Tensor:
        return torch.rand(like.shape).to(like.device)

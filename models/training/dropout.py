"""Dropout whose chances cost little: a byte decides of each number, not a float.

torch draws a float for every number that may be left out, one after another: a fifth of a step's
time on a processor. A byte out of 256 is as good a chance, and a draw has eight of them.
"""

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface

ATTENTION = "eager_with_cheap_dropout"
"""The name by which layers know `_attention`."""
_KINDS = 256
_BYTES = 8
"""In one draw of an int64."""


class Dropout(nn.Dropout):
    """Leaves numbers out by `thinned` while it is taught."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the input, thinned in training mode."""
        return thinned(input, self.p) if self.training else input


def thinned(numbers: torch.Tensor, share: float) -> torch.Tensor:
    """Return `numbers` with about this `share` of them zero, the others larger by as much.

    The share is rounded to 256ths; the chances are those of torch's generator.
    """
    cut = round(_KINDS * share)
    if not cut:
        return numbers
    if numbers.device.type != "cpu":
        return nn.functional.dropout(numbers, share)
    count = numbers.numel()
    draws = torch.empty(-(-count // _BYTES), dtype=torch.int64).random_(-(2**63), None)
    kept = draws.view(torch.uint8)[:count].view(numbers.shape) >= cut
    return numbers * (kept.to(numbers.dtype) * (_KINDS / (_KINDS - cut)))


def cheapen(bert: Any) -> None:
    """Let all layers of `bert` leave numbers out by `thinned`."""
    for module in list(bert.modules()):
        for name, part in module.named_children():
            if type(part) is nn.Dropout:
                setattr(module, name, Dropout(part.p).train(part.training))
    bert.set_attn_implementation(ATTENTION)


def _attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float,
    dropout: float = 0.0,
    **_: object,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attend as the library's eager attention does, node by node the same when exported."""
    scores = torch.matmul(query, key.transpose(2, 3)) * scaling + attention_mask
    weights = thinned(nn.functional.softmax(scores, dim=-1), dropout)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


AttentionInterface.register(ATTENTION, _attention)

"""The network that is taught: MiniLM layers, pooled, with heads for all outputs."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.training import merging
from models.training.dropout import Dropout, cheapen
from models.training.encoder import DIMENSIONS, WIDTH, load_bert
from models.training.rows import LANGUAGES
from routerd.core.features import TASKS


class Classifier(nn.Module):
    """Ids and mask [b, n] to (emb [b, 384] unit, task logits, complexity [b], language logits).

    The heads read mean and first token; `emb` is a projection of the mean that is taught to stay
    where the base model puts the text, so that neighbours stay neighbours by meaning. `width` is
    the number of neurons between the two halves of a layer.
    """

    def __init__(
        self, layers: tuple[int, ...] | None = None, width: int = WIDTH, dropout: float = 0.15
    ) -> None:
        super().__init__()
        self.bert = load_bert(layers)
        narrow(self.bert, width)
        cheapen(self.bert)
        self.norm = nn.LayerNorm(2 * DIMENSIONS)
        self.task = perceptron(DIMENSIONS, len(TASKS), dropout)
        self.complexity = perceptron(DIMENSIONS // 4, 1, dropout)
        self.language = perceptron(DIMENSIONS // 2, len(LANGUAGES), dropout)
        self.meaning = nn.Linear(DIMENSIONS, DIMENSIONS)
        with torch.no_grad():
            self.meaning.weight.copy_(torch.eye(DIMENSIONS))
            self.meaning.bias.zero_()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the outputs in the order in which they are exported."""
        states, sizes, _ = self._encode(input_ids, attention_mask)
        return self.answer(states, sizes)

    def read(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return the encoder's last states [b, n, 384]; merged tokens have the same."""
        states, _, places = self._encode(input_ids, attention_mask)
        return states if places is None else merging.apart(states, places)

    def _encode(
        self, ids: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Return the last states, how many tokens each stands for, and tokens' places if merged."""
        states = self.bert.embeddings(input_ids=ids)
        bias, places = merging.bias_of_mask(mask), None
        for number, layer in enumerate(self.bert.encoder.layer):
            if number == merging.BEFORE:
                states, mask, places = merging.merge(states, mask)
                bias = merging.bias_of_sizes(mask)
            states = layer(states, bias)
        return states, mask, places

    def answer(
        self, states: torch.Tensor, sizes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the outputs that the heads read from the encoder's last states.

        `sizes` [b, n]: how many tokens each state stands for, such as the mask.
        """
        mean, features = self.pooled(states, sizes)
        complexity = torch.sigmoid(self.complexity(features)).squeeze(-1)
        emb = functional.normalize(self.meaning(mean), dim=-1)
        return emb, self.task(features), complexity, self.language(features)

    def pooled(
        self, states: torch.Tensor, sizes: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the tokens' mean [b, 384] and what the heads read [b, 768]; `sizes` as above."""
        hidden = states.float()
        share = sizes.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * share).sum(1) / share.sum(1).clamp(min=1.0)
        return mean, self.norm(torch.cat([mean, hidden[:, 0]], dim=-1))


def narrow(bert: Any, width: int) -> None:
    """Keep, in every layer, the `width` neurons that weigh most, in their order.

    A neuron weighs what its incoming weights are long times what its outgoing ones are.
    Raises: ValueError when the layers have fewer.
    """
    if width == bert.config.intermediate_size:
        return
    if width > bert.config.intermediate_size:
        raise ValueError(f"layers of {bert.config.intermediate_size} neurons can't have {width}")
    with torch.no_grad():
        for layer in bert.encoder.layer:
            into, out = layer.intermediate.dense, layer.output.dense
            weighs = into.weight.norm(dim=1) * out.weight.norm(dim=0)
            keep_neurons(layer, weighs.topk(width).indices.sort().values)
    bert.config.intermediate_size = width


def keep_neurons(layer: Any, kept: torch.Tensor) -> None:
    """Leave out all but the neurons at `kept` between the two halves of a layer."""
    into, out = layer.intermediate.dense, layer.output.dense
    into.weight = nn.Parameter(into.weight.detach()[kept])
    into.bias = nn.Parameter(into.bias.detach()[kept])
    out.weight = nn.Parameter(out.weight.detach()[:, kept].contiguous())
    into.out_features = out.in_features = len(kept)


def perceptron(hidden: int, outputs: int, dropout: float) -> nn.Sequential:
    """Return a head over what `Classifier.pooled` gives the heads: [b, 768] to [b, outputs]."""
    return nn.Sequential(
        Dropout(dropout),
        nn.Linear(2 * DIMENSIONS, hidden),
        nn.GELU(),
        Dropout(dropout),
        nn.Linear(hidden, outputs),
    )

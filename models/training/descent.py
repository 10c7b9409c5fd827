"""Moves a network down its loss: rates, steps, and the mean of its last weights."""

import math
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Protocol, TypedDict

import torch

from models.training.model import Classifier

WORDS = "word_embeddings.weight"
EMBEDDINGS_EVERY = 25
"""Steps after which the mean follows the word embeddings: six weights of seven, of which a step
moves few."""


class Rates(Protocol):
    """What a plan says of how fast what learns."""

    @property
    def rate(self) -> float:
        """Peak of the encoder's last layer."""

    @property
    def head_rate(self) -> float:
        """Peak of the heads."""

    @property
    def piece_rate(self) -> float:
        """Peak of the word embeddings."""

    @property
    def decay(self) -> float:
        """What multiplies the rate from layer to layer downwards."""

    @property
    def weight_decay(self) -> float:
        """Of matrices, but for embeddings: it would move the pieces that are to stay as well."""


class Group(TypedDict):
    """Parameters with their peak rate and decay, as torch's optimisers take them."""

    params: list[torch.nn.Parameter]
    lr: float
    weight_decay: float


class Descent:
    """Steps of a classifier: all of its weights but the embeddings of places and types."""

    def __init__(self, network: Classifier, rates: Rates) -> None:
        embeddings = network.bert.embeddings
        embeddings.requires_grad_(False)
        words = embeddings.word_embeddings
        words.weight.requires_grad_(True)
        groups = _groups(network, rates)
        self._clipped = [parameter for group in groups for parameter in group["params"]]
        apart = Group(params=[words.weight], lr=rates.piece_rate, weight_decay=0.0)
        # A dense gradient of 58,000 rows would be a third of a step's time on a processor.
        words.sparse = words.weight.device.type == "cpu"
        self._optimisers: list[torch.optim.Optimizer] = []
        if words.sparse:
            self._optimisers.append(torch.optim.SparseAdam(apart["params"], lr=apart["lr"]))
        else:
            groups.append(apart)
        self._optimisers.append(torch.optim.AdamW(groups, fused=True))
        self._peaks = [[group["lr"] for group in one.param_groups] for one in self._optimisers]

    def step(self, loss: torch.Tensor, share: float) -> float:
        """Take a step at this share of the peak rates; return the loss."""
        for optimiser, peaks in zip(self._optimisers, self._peaks, strict=True):
            set_rates(optimiser, peaks, share)
        return move(self._clipped, self._optimisers, loss)


class Average:
    """The running mean of a network's weights, itself a network in evaluation mode."""

    def __init__(self, network: Classifier, keep: float) -> None:
        self.network = deepcopy(network).eval()
        self._keep = keep
        self._steps = 0

    @torch.no_grad()
    def follow(self, network: Classifier) -> None:
        """Move towards the network's weights, faster during the first steps."""
        keep = min(self._keep, (1 + self._steps) / (10 + self._steps))
        self._steps += 1
        words = network.bert.embeddings.word_embeddings.weight
        for slow, fast in self._pairs(network):
            if fast is not words:
                slow.lerp_(fast, 1 - keep)
            elif self._steps % EMBEDDINGS_EVERY == 0:
                slow.lerp_(fast, 1 - keep**EMBEDDINGS_EVERY)

    @torch.no_grad()
    def mix(self, network: Classifier, share: float) -> None:
        """Move by this share towards the network's weights."""
        for slow, fast in self._pairs(network):
            slow.lerp_(fast, share)

    def _pairs(self, network: Classifier) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for slow, fast in zip(self.network.parameters(), network.parameters(), strict=True):
            if fast.requires_grad:
                yield slow, fast


def move(
    clipped: Iterable[torch.nn.Parameter],
    optimisers: Sequence[torch.optim.Optimizer],
    loss: torch.Tensor,
) -> float:
    """Take one step down, the gradient of `clipped` at most one long; return the loss."""
    for optimiser in optimisers:
        optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(clipped, 1.0)
    for optimiser in optimisers:
        optimiser.step()
    return float(loss.detach())


def set_rates(optimiser: torch.optim.Optimizer, peaks: Sequence[float], share: float) -> None:
    """Let every group learn at this share of its peak."""
    for group, peak in zip(optimiser.param_groups, peaks, strict=True):
        group["lr"] = peak * share


def schedule(share: float, warm_up: float) -> float:
    """Linear up to `warm_up`, then half a cosine down to nothing."""
    if share < warm_up:
        return share / warm_up
    return 0.5 * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up)))


def _groups(network: Classifier, rates: Rates) -> list[Group]:
    """Return parameter groups: heads fastest, the encoder slower towards its input."""
    depth = len(network.bert.encoder.layer)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad or name.endswith(WORDS):
            continue
        rate = rates.head_rate
        if name.startswith("bert."):
            layer = int(name.split(".")[3]) if ".layer." in name else -1
            rate = rates.rate * rates.decay ** (depth - 1 - layer)
        decay = rates.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        Group(params=parameters, lr=rate, weight_decay=decay)
        for (rate, decay), parameters in groups.items()
    ]

"""Teaches several networks, each begun where the mean of those before it stands.

Networks that were begun alike lie in one valley, and their mean reads new sources better than any of
them: six of them 0.812 nats, the best one 0.827 (Wortsman et al. 2022, model soups; README.md).
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace

import torch

from models.training.finetune import Plan
from models.training.model import Classifier

Teach = Callable[[Plan, Classifier | None], Classifier]


def in_rounds(teach: Teach, plan: Plan, start: Classifier | None) -> Classifier:
    """Return the mean of as many networks as the plan has rounds, each with a seed of its own.

    `teach` makes one network of a plan and a start. With one round it is that network, at the
    plan's mean with `start`.
    """
    if plan.rounds == 1:
        return teach(plan, start)
    networks: list[Classifier] = []
    for number in range(plan.rounds):
        print(f"  round {number + 1} of {plan.rounds}", flush=True)
        # None of the start is mixed in: it would be in the mean again and again.
        of_round = replace(plan, seed=plan.seed + number, start_share=0.0)
        networks.append(teach(of_round, mean_of(networks) if networks else start))
    return mean_of(networks)


def mean_of(networks: Sequence[Classifier]) -> Classifier:
    """Return a network whose weights are the mean of those of `networks`, in evaluation mode."""
    result = deepcopy(networks[0]).eval()
    with torch.no_grad():
        weights = zip(*(one.parameters() for one in networks), strict=True)
        for mean, same in zip(result.parameters(), weights, strict=True):
            mean.copy_(torch.stack([weight.float() for weight in same]).mean(0))
    return result

"""Abilities from outcomes: one logit per model, by penalised maximum likelihood.

P(passed) = sigma(ability - difficulty), difficulties given (what the daemon itself would say of
the prompt), so that an ability stands on the scale `policy.scores` reads. Pure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Strength of the pull to the mean of all models, in logits^-2: a spread of 1.8 logits.
PULL = 0.3
_ROUNDS = 40
_CLOSE_ENOUGH = 1e-6


@dataclass(frozen=True, slots=True)
class Abilities:
    """`logits` [models] and their standard errors `sd` [models]."""

    logits: Floats
    sd: Floats


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function of each entry."""
    grown: Floats = 1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0)))
    return grown


def fit(
    passed: Floats, difficulty: Floats, prior: Floats | None = None, *, pull: float = PULL
) -> Abilities:
    """Return the abilities of the models.

    `passed` [problems, models], 0..1, NaN where not tried; `difficulty` [problems];
    `prior` [models] replaces the mean of all models as what each is pulled to, with the strength
    `pull` (logits^-2).
    """
    tried = ~np.isnan(passed)
    done = np.where(tried, passed, 0.0)
    logits = np.zeros(passed.shape[1]) if prior is None else prior.astype(np.float64)
    curvature = np.full(passed.shape[1], pull)
    for _ in range(_ROUNDS):
        towards = np.full_like(logits, logits.mean()) if prior is None else prior
        expected = np.where(tried, sigmoid(logits[None, :] - difficulty[:, None]), 0.0)
        slope = (done - expected).sum(axis=0) - pull * (logits - towards)
        curvature = (expected * (1.0 - expected)).sum(axis=0) + pull
        step = np.clip(slope / curvature, -1.0, 1.0)
        logits = logits + step
        if float(np.abs(step).max(initial=0.0)) < _CLOSE_ENOUGH:
            break
    return Abilities(logits, 1.0 / np.sqrt(curvature))

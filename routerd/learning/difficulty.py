"""How hard a task is, learnt from outcomes: a ridge regression on what was read of the prompt.

Arrays in, arrays out; it reads no file and no clock. Nothing in it is picked by hand: the strength of
the ridge is the one with the smallest leave-one-out error, none at all where that is worse than
no regression.

A task's own shift (logits, over what the classifier's complexity and the length say) is the
likeliest given how models of known ability did on it, as in `policy.evidence`; tasks that say more of
it weigh more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routerd.policy.evidence import ANSWERS_PER_TASK, SHIFT_SD
from routerd.policy.scores import LENGTH_MIDDLE_TOKENS

Floats = NDArray[np.float64]

# Ridges tried, in units of the mean square of a feature; the last is as good as no regression.
STRENGTHS = tuple(float(s) for s in np.geomspace(3e-2, 3e5, 15))
FEWEST_TASKS = 40
DIMENSIONS = 384
# Length (e-folds), complexity and confidence weigh so much beside an embedding of length 1 that
# the ridge hardly touches them: what the classifier says may be taken back where it is wrong.
_SCALES = np.array([1.5, 6.0, 2.0])
_ROUNDS = 12
_STEP_LIMIT = 1.0


@dataclass(frozen=True, slots=True)
class Head:
    """`shift = offset + (x - middle) . weights`; `explained`: share of variance left-one-out, 0..1.

    `inside` are the shifts of the tasks it was fitted on, each predicted without itself.
    """

    weights: Floats
    middle: Floats
    offset: float
    explained: float
    inside: Floats

    def shift(self, x: Floats) -> Floats:
        """Return the expected shifts [tasks] for features [tasks, n]."""
        found: Floats = self.offset + (x - self.middle) @ self.weights
        return np.clip(found, -2.0 * SHIFT_SD, 2.0 * SHIFT_SD)


def shifts(passed: Floats, margin: Floats) -> tuple[Floats, Floats]:
    """Return each task's likeliest shift and how much is known of it (logits^-2).

    `passed` [tasks, models], 0..1, NaN where not tried; `margin` [tasks, models] is ability minus
    the difficulty expected so far.
    """
    tried = ~np.isnan(passed)
    done = np.where(tried, passed, 0.0)
    count = tried.sum(axis=1)
    scale = np.minimum(1.0, ANSWERS_PER_TASK / np.maximum(count, 1))
    stiff = 1.0 / SHIFT_SD**2
    shift, known = np.zeros(len(passed)), np.zeros(len(passed))
    for _ in range(_ROUNDS):
        apart = np.clip(margin - shift[:, None], -30.0, 30.0)
        expected = np.where(tried, 1.0 / (1.0 + np.exp(-apart)), 0.0)
        slope = -shift * stiff - scale * (done - expected).sum(axis=1)
        known = scale * (expected * (1.0 - expected)).sum(axis=1)
        step = np.clip(slope / (known + stiff), -_STEP_LIMIT, _STEP_LIMIT)
        shift = shift + step
    return shift, known


def fit(x: Floats, passed: Floats, margin: Floats) -> Head | None:
    """Return the head fitted on tasks with features `x` [tasks, n]; None where there are too few."""
    shift, known = shifts(passed, margin)
    if len(x) < FEWEST_TASKS:
        return None
    weight = known / max(float(known.mean()), 1e-12)
    root = np.sqrt(weight)
    middle = (weight[:, None] * x).sum(axis=0) / max(float(weight.sum()), 1e-12)
    offset = float((weight * shift).sum() / max(float(weight.sum()), 1e-12))
    left, sizes, right = np.linalg.svd(root[:, None] * (x - middle), full_matrices=False)
    wanted = root * (shift - offset)
    target = left.T @ wanted
    unit = float((sizes**2).mean())
    best: tuple[float, Floats, Floats] | None = None
    for strength in STRENGTHS:
        damped = sizes**2 / (sizes**2 + strength * unit)
        inside = left @ (damped * target)
        leverage = (left**2 * damped).sum(axis=1) + weight / float(weight.sum())
        error = (wanted - inside) / np.maximum(1.0 - leverage, 0.05)
        if best is None or float((error**2).mean()) < best[0]:
            solved = right.T @ (damped * target / np.maximum(sizes, 1e-12))
            best = (float((error**2).mean()), solved, wanted - error)
    assert best is not None  # noqa: S101  # there are strengths
    explained = 1.0 - best[0] / max(float((wanted**2).mean()), 1e-12)
    without = offset + best[2] / np.maximum(root, 1e-6)
    return Head(best[1], middle, offset, max(0.0, explained), without)


def features(embedding: bytes, complexity: float, confidence: float, tokens: int) -> Floats:
    """Return what a task is judged by, [387]: its embedding, and three numbers of like weight."""
    vector = np.zeros(DIMENSIONS)
    if len(embedding) == 4 * DIMENSIONS:
        vector = np.nan_to_num(np.frombuffer(embedding, "<f4").astype(np.float64))
    length = np.log(max(tokens, 1) / LENGTH_MIDDLE_TOKENS)
    return np.concatenate([vector, _SCALES * np.array([length, complexity, confidence])])

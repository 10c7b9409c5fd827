"""What similar past tasks say: how hard such tasks were for everyone, and how each model did.

Pure. Reads neighbours and abilities, ranks nothing. Formulas and figures are in design.md.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from routerd.core.belief import Belief
from routerd.core.features import Neighbour
from routerd.policy.odds import K, sigmoid, within

# Cosine below which two prompts have nothing to do with each other, and how steeply closeness
# counts above it. Picked by cross-validated log-loss on recorded outcomes, as the weights
# below; design.md says how little it matters.
SIMILARITY_FLOOR = 0.2
SHARPNESS = 3.0
HALF_LIFE_S = 30 * 86_400.0
# Spread (logits) of the true difficulty around what the prompt alone lets expect.
SHIFT_SD = 1.5
# Models that answered the same task don't count as so many tasks: together they weigh as this
# many answers.
ANSWERS_PER_TASK = 2.0
# Share that a neighbour counts where its model has become another since.
BEFORE_A_CHANGE = 0.1
_ROUNDS = 6
_STEP_LIMIT = 1.0


@dataclass(frozen=True, slots=True)
class Past:
    """One model's past on similar tasks: how many (weighted), and how many of them went well."""

    weight: float = 0.0
    well: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """`shift` is added to the difficulty, in logits; `past` is by candidate name."""

    shift: float = 0.0
    past: Mapping[str, Past] = field(default_factory=dict)

    def of(self, model: str) -> Past:
        """Return the model's past, an empty one where it has none."""
        return self.past.get(model, _NO_PAST)


_NO_PAST = Past()


def closeness(neighbour: Neighbour) -> float:
    """Return how much a neighbour weighs, 0..1: ((s - floor) / (1 - floor))^3 * 0.5^(age / half)."""
    near = within((neighbour.similarity - SIMILARITY_FLOOR) / (1.0 - SIMILARITY_FLOOR))
    age = 0.5 ** (max(neighbour.age_s, 0.0) / HALF_LIFE_S)
    return math.pow(near, SHARPNESS) * within(age)


def gather(
    neighbours: Iterable[Neighbour],
    abilities: Mapping[str, float],
    difficulty: float,
    beliefs: Mapping[str, Belief] = {},
) -> Evidence:
    """Return what `neighbours` say of a task of that expected difficulty (logits).

    `abilities` is by candidate name; a neighbour whose model is not among them tells nothing of
    difficulty. Numbers that are none weigh nothing. What a model did before it changed (see
    `beliefs`) weighs a tenth.
    """
    past: dict[str, Past] = {}
    for neighbour in neighbours:
        weight = closeness(neighbour)
        belief = beliefs.get(neighbour.model)
        if belief is not None and neighbour.age_s > belief.changed_s:
            weight *= BEFORE_A_CHANGE
        if weight == 0.0 or math.isnan(neighbour.success):
            continue
        before = past.get(neighbour.model, _NO_PAST)
        well = before.well + weight * within(neighbour.success)
        past[neighbour.model] = Past(before.weight + weight, well, before.count + 1)
    known = [
        (abilities[model] - difficulty, one)
        for model, one in past.items()
        if math.isfinite(abilities.get(model, math.nan))
    ]
    return Evidence(_shift(known) if math.isfinite(difficulty) else 0.0, past)


def _shift(known: list[tuple[float, Past]]) -> float:
    """Return the likeliest extra difficulty: Newton on the log-posterior, prior N(0, SHIFT_SD).

    `known`: (ability - difficulty, past) by model.
    """
    if not known:
        return 0.0
    scale = min(1.0, ANSWERS_PER_TASK / len(known))
    shift, stiffness = 0.0, 1.0 / SHIFT_SD**2
    for _ in range(_ROUNDS):
        slope, curvature = -shift * stiffness, stiffness
        for margin, past in known:
            expected = sigmoid(K * (margin - shift))
            slope -= scale * K * (past.well - past.weight * expected)
            curvature += scale * K * K * past.weight * expected * (1.0 - expected)
        step = slope / curvature
        shift += max(-_STEP_LIMIT, min(_STEP_LIMIT, step))
        if abs(step) < 1e-3:
            break
    return shift

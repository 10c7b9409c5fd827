"""Cost and quality of choices, and what of them is chance. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Choice = NDArray[np.int64]

RESAMPLES = 400
SEED = 7


@dataclass(frozen=True, slots=True)
class Point:
    """Mean cost in US dollars and mean quality, 0..1, over problems."""

    cost_usd: float
    quality: float


def point(choice: Choice, passed: Floats, cost_usd: Floats) -> Point:
    """Return what the choices cost and how good they were."""
    rows = np.arange(len(choice))
    return Point(float(cost_usd[rows, choice].mean()), float(passed[rows, choice].mean()))


def cut(points: Sequence[Point], best: Point, share: float) -> float | None:
    """Return the largest cost cut against `best` among points that keep `share` of its quality.

    None where no point does; 0 where the best costs nothing.
    """
    kept = [p.cost_usd for p in points if p.quality >= share * best.quality - 1e-12]
    if not kept:
        return None
    return 1.0 - min(kept) / best.cost_usd if best.cost_usd > 0 else 0.0


def mixed_cut(cheapest: Point, best: Point, share: float) -> float:
    """Return the cut of sending a random part of the work to the cheapest model."""
    gap = best.quality - cheapest.quality
    part = 1.0 if gap <= 0 else min(1.0, (1.0 - share) * best.quality / gap)
    return part * (1.0 - cheapest.cost_usd / best.cost_usd) if best.cost_usd > 0 else 0.0


def area(points: Sequence[Point], best: Point) -> float:
    """Return the mean quality within a budget, over budgets from nothing to always-best's cost.

    A budget too small for any point earns nothing.
    """
    budgets = np.linspace(0.0, best.cost_usd, 21)
    costs = np.array([p.cost_usd for p in points])
    qualities = np.array([p.quality for p in points])
    affordable = costs[None, :] <= budgets[:, None] + 1e-15
    return float(np.where(affordable, qualities[None, :], 0.0).max(axis=1).mean())


def apgr(chances: Floats, passed: Floats) -> float | None:
    """Return the average performance gap recovered between a weak and a strong model.

    Both [problems, 2], weak first. For shares 0, 0.1 .. 1 of the work the strong model gets the
    problems where its chance of success is ahead most; a random order gives 0.5. None where the
    strong model is no better.
    """
    weak, strong = passed.mean(axis=0)
    if strong <= weak:
        return None
    order = np.argsort(-(chances[:, 1] - chances[:, 0]), kind="stable")
    count = len(order)
    recovered = []
    for tenth in range(11):
        to_strong = order[: round(count * tenth / 10)]
        quality = passed[:, 0].sum() + (passed[to_strong, 1] - passed[to_strong, 0]).sum()
        recovered.append((quality / count - weak) / (strong - weak))
    return float(np.mean(recovered))


def lead(
    ours: Sequence[Choice], theirs: Sequence[Choice], best: Choice, passed: Floats, cost_usd: Floats
) -> tuple[float, float, float]:
    """Return our `area` minus theirs and its 95 % interval over resampled problems."""
    rows = np.arange(len(best))

    def curves(choices: Sequence[Choice]) -> tuple[Floats, Floats]:
        return (
            np.stack([cost_usd[rows, choice] for choice in choices]),
            np.stack([passed[rows, choice] for choice in choices]),
        )

    mine, other = curves(ours), curves(theirs)
    alone = curves([best])

    def difference(picked: NDArray[np.int64]) -> float:
        top = _points(alone, picked)[0]
        return area(_points(mine, picked), top) - area(_points(other, picked), top)

    random = np.random.default_rng(SEED)
    drawn = [difference(random.integers(0, len(rows), len(rows))) for _ in range(RESAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return difference(rows), float(low), float(high)


def _points(curve: tuple[Floats, Floats], picked: NDArray[np.int64]) -> list[Point]:
    costs, qualities = curve[0][:, picked].mean(axis=1), curve[1][:, picked].mean(axis=1)
    return [Point(float(c), float(q)) for c, q in zip(costs, qualities, strict=True)]

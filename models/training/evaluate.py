"""Scores predictions on sources the model was not taught on, and fits the temperature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routerd.core.features import TASKS

ECE_BINS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """How well tasks were told apart; `confusion[i][j]` counts true i read as j."""

    rows: int
    accuracy: float
    macro_f1: float
    recall: Mapping[str, float]
    confusion: list[list[int]]
    ece: float

    def as_json(self) -> dict[str, Any]:
        """Return it with numbers rounded for reading."""
        return {
            "rows": self.rows,
            "accuracy": round(self.accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "ece": round(self.ece, 4),
            "recall": {name: round(value, 3) for name, value in self.recall.items()},
        }


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float64]:
    """Return probabilities [n, classes]."""
    scaled = logits.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def score_tasks(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Score:
    """Score probabilities [n, tasks] against labels [n]; classes without rows don't count."""
    read = probabilities.argmax(axis=1)
    size = len(TASKS)
    confusion = np.zeros((size, size), dtype=np.int64)
    np.add.at(confusion, (truth, read), 1)
    hits, have, got = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    present = have > 0
    f1 = 2 * hits / np.maximum(have + got, 1)
    return Score(
        rows=len(truth),
        accuracy=float((read == truth).mean()),
        macro_f1=float(f1[present].mean()),
        recall={TASKS[i]: float(hits[i] / have[i]) for i in range(size) if present[i]},
        confusion=confusion.tolist(),
        ece=expected_calibration_error(truth, probabilities),
    )


def expected_calibration_error(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> float:
    """Return the mean gap between confidence and accuracy over equal-width bins."""
    confidence, read = probabilities.max(axis=1), probabilities.argmax(axis=1)
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [
        abs(float((read[bins == b] == truth[bins == b]).mean() - confidence[bins == b].mean()))
        * float((bins == b).mean())
        for b in range(ECE_BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def fit_temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Return the temperature in 0.3..5 with the least negative log likelihood."""
    rows = np.arange(len(truth))

    def loss(temperature: float) -> float:
        return float(-np.log(softmax(logits, temperature)[rows, truth] + 1e-12).mean())

    return round(float(min(np.geomspace(0.3, 5.0, 120), key=loss)), 3)


def score_complexity(truth: Sequence[float | None], read: NDArray[np.float32]) -> dict[str, Any]:
    """Return rows, mean absolute error and rank correlation over the rows that have a label."""
    pairs = np.asarray(
        [(level, value) for level, value in zip(truth, read, strict=True) if level is not None]
    )
    if len(pairs) < 3:
        return {"rows": len(pairs)}
    error = np.abs(pairs[:, 0] - pairs[:, 1]).mean()
    baseline = np.abs(pairs[:, 0] - np.median(pairs[:, 0])).mean()
    ranks = np.corrcoef(_ranks(pairs[:, 0]), _ranks(pairs[:, 1]))[0, 1]
    return {
        "rows": len(pairs),
        "mean_absolute_error": round(float(error), 4),
        "error_of_the_median": round(float(baseline), 4),
        "spearman": round(float(ranks), 4),
    }


def score_language(truth: Sequence[int | None], logits: NDArray[np.float32]) -> dict[str, Any]:
    """Return accuracy over labelled rows, all and those that name a language."""
    pairs = [
        (label, int(read))
        for label, read in zip(truth, logits.argmax(axis=1), strict=True)
        if label is not None
    ]
    named = [(label, read) for label, read in pairs if label != 0]

    def share(some: list[tuple[int, int]]) -> float | None:
        return round(sum(a == b for a, b in some) / len(some), 4) if some else None

    return {"rows": len(pairs), "accuracy": share(pairs), "named_accuracy": share(named)}


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks with ties at their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    middles: NDArray[np.float64] = ends - (counts - 1) / 2
    return middles[inverse]

"""Scores readings of labelled prompts: how often right, how sure, what is mistaken for what.

Pure; used by `routerd classify --score` and by training, so that both tell the same story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routerd.core.features import TASKS, Reading, Task

CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A reading beside the labels a person gave; None where nobody judged.

    `complexity` 0..1, from the label 1..5 as (label - 1) / 4.
    """

    reading: Reading
    task: Task
    complexity: float | None = None
    language: str | None = None


def score(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return all scores, rounded for reading. Classes that no label names don't count.

    Raises: ValueError when there is nothing to score.
    """
    if not judged:
        raise ValueError("nothing to score: no labelled prompt was given")
    right = [one.reading.task == one.task for one in judged]
    confusion = _confusion(judged)
    return {
        "rows": len(judged),
        "accuracy": _share(right),
        "macro_f1": round(_macro_f1(confusion), 4),
        "ece": calibration_error([one.reading.task_confidence for one in judged], right),
        "recall": {
            task: round(row[task] / sum(row.values()), 3) for task, row in confusion.items()
        },
        "confusion": confusion,
        "complexity": _complexity(judged),
        "language": _language(judged),
    }


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Return the expected calibration error: the mean gap of confidence and accuracy over bins."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for sure, hit in zip(confidence, right, strict=True):
        place = min(int(sure * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        bins.setdefault(place, []).append((sure, hit))
    gaps = (abs(sum(sure - hit for sure, hit in content)) for content in bins.values())
    return round(sum(gaps) / len(right), 4)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Spearman's coefficient, 0 where one side never varies."""
    a, b = _ranks(first), _ranks(second)
    mean = (len(a) + 1) / 2
    covariance = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return covariance / spread**0.5 if spread else 0.0


def _confusion(judged: Sequence[Judged]) -> dict[Task, dict[Task, int]]:
    """Count label -> reading, labels in the order of TASKS."""
    counts: dict[Task, dict[Task, int]] = {
        task: dict.fromkeys(TASKS, 0) for task in TASKS if any(one.task == task for one in judged)
    }
    for one in judged:
        counts[one.task][one.reading.task] += 1
    return counts


def _macro_f1(confusion: Mapping[Task, Mapping[Task, int]]) -> float:
    scores = []
    for task, row in confusion.items():
        read_so = sum(other[task] for other in confusion.values())
        scores.append(2 * row[task] / (sum(row.values()) + read_so))
    return sum(scores) / len(scores)


def _complexity(judged: Sequence[Judged]) -> dict[str, Any]:
    """Compare with people's levels; with fewer than three there is no order to compare."""
    pairs = [
        (one.complexity, one.reading.complexity) for one in judged if one.complexity is not None
    ]
    if len(pairs) < 3:
        return {"rows": len(pairs)}
    truth, read = zip(*pairs, strict=True)
    error = sum(abs(a - b) for a, b in pairs) / len(pairs)
    return {
        "rows": len(pairs),
        "spearman": round(rank_correlation(truth, read), 4),
        "mean_absolute_error": round(error, 4),
    }


def _language(judged: Sequence[Judged]) -> dict[str, Any]:
    """Count right languages over all rows with a label, and over those that name one."""
    pairs = [(one.language, one.reading.language) for one in judged if one.language is not None]
    named = [(label, read) for label, read in pairs if label != "none"]
    return {
        "rows": len(pairs),
        "accuracy": _share([a == b for a, b in pairs]) if pairs else None,
        "named_rows": len(named),
        "named_accuracy": _share([a == b for a, b in named]) if named else None,
    }


def _share(hits: Sequence[bool]) -> float:
    return round(sum(hits) / len(hits), 4)


def _ranks(values: Sequence[float]) -> list[float]:
    """Return ranks from 1, ties at their mean."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            ranks[place] = (first + last) / 2 + 1
        first = last + 1
    return ranks

"""A small world of recorded outcomes: a free weak model, a dear strong one, two kinds of tasks."""

import numpy as np

from routerd.core.candidate import Price
from routerd.core.features import Reading
from routerd.replay.records import Answer, Problem, Tariff

TARIFFS = {
    "weak-7b": Tariff(Price(), "device", 7.0),
    "strong": Tariff(Price(input=3.0, output=15.0), "cloud"),
    "middling": Tariff(Price(input=0.5, output=1.5), "cloud"),
}


def world(count: int = 60, source: str = "made") -> tuple[list[Problem], dict[str, Reading]]:
    """Return problems and readings; even ones are easy for all, odd ones for the strong alone."""
    random = np.random.default_rng(3)
    problems, readings = [], {}
    for i in range(count):
        hard = i % 2 == 1
        answers = {
            "weak-7b": Answer(float(not hard)),
            "middling": Answer(float(not hard or i % 3 == 0)),
            "strong": Answer(1.0),
        }
        vector = random.normal(0.0, 0.15, 384)
        vector[int(hard)] += 6.0
        vector /= np.linalg.norm(vector)
        embedding = vector.astype("<f4").tobytes()
        problems.append(Problem(f"{source}-{i}", source, f"task {i}", 200, answers))
        readings[f"{source}-{i}"] = Reading("debugging", 0.9, 0.4, "python", embedding)
    return problems, readings

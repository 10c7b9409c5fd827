"""Splits problems into folds and builds what the decision may know of a left-out problem.

Memory and abilities come from the training folds alone. Decides nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routerd.core.belief import Belief
from routerd.core.candidate import Candidate
from routerd.core.features import Features, Neighbour, Reading
from routerd.learning import difficulty
from routerd.policy import scores
from routerd.replay import ability_fit
from routerd.replay.records import Problem, Tariff

Floats = NDArray[np.float64]
FOLDS = 5
# Past tasks looked at for one decision; each brings the answers of all models that tried it.
NEIGHBOURS = 24
PROVIDER = "replay"


@dataclass(frozen=True, slots=True)
class Source:
    """One source's problems as arrays over `models` (columns) and `problems` (rows).

    `passed` and `cost_usd` are NaN where a model did not try a problem, `output_tokens` also where
    they were not counted.
    """

    name: str
    problems: tuple[Problem, ...]
    models: tuple[str, ...]
    passed: Floats
    cost_usd: Floats
    output_tokens: Floats
    readings: tuple[Reading, ...]
    vectors: Floats
    fold: NDArray[np.int64]


def fold_of(problem_id: str) -> int:
    """Return the fold of a problem, 0..FOLDS-1, the same on every machine."""
    return int(hashlib.sha256(problem_id.encode()).hexdigest()[:8], 16) % FOLDS


def source_of(
    name: str,
    problems: Sequence[Problem],
    tariffs: Mapping[str, Tariff],
    readings: Mapping[str, Reading],
) -> Source:
    """Return the arrays of one source; models without a tariff are left out."""
    kept = tuple(problem for problem in problems if any(m in tariffs for m in problem.answers))
    models = tuple(sorted({m for problem in kept for m in problem.answers if m in tariffs}))
    passed = np.full((len(kept), len(models)), np.nan)
    output = np.full_like(passed, np.nan)
    for row, problem in enumerate(kept):
        for column, model in enumerate(models):
            if answer := problem.answers.get(model):
                passed[row, column] = answer.passed
                output[row, column] = answer.output_tokens or np.nan
    found = tuple(readings.get(problem.id, Reading()) for problem in kept)
    return Source(
        name,
        kept,
        models,
        passed,
        np.where(np.isnan(passed), np.nan, _cost(kept, models, output, tariffs)),
        output,
        found,
        np.stack([_vector(reading) for reading in found]),
        np.array([fold_of(problem.id) for problem in kept]),
    )


def _cost(
    problems: Sequence[Problem],
    models: Sequence[str],
    output: Floats,
    tariffs: Mapping[str, Tariff],
) -> Floats:
    """Return US dollars [problems, models].

    Where a model's output was not counted, its mean stands in, else the source's, else what the
    decision takes as typical.
    """
    known = ~np.isnan(output)
    typical = float(scores.TYPICAL_OUTPUT_TOKENS["interactive"])
    overall = float(output[known].mean()) if known.any() else typical
    counts = known.sum(axis=0)
    means = np.where(counts > 0, np.nansum(output, axis=0) / np.maximum(counts, 1), overall)
    tokens = np.where(known, output, means[None, :])
    inputs = np.array([problem.input_tokens for problem in problems], dtype=np.float64)
    prices = [tariffs[model].price for model in models]
    per_input = np.array([price.input for price in prices])
    per_output = np.array([price.output for price in prices])
    usd: Floats = (inputs[:, None] * per_input + tokens * per_output) / 1e6
    return usd


def _vector(reading: Reading) -> Floats:
    if not reading.embedding:
        return np.zeros(384)
    return np.frombuffer(reading.embedding, "<f4").astype(np.float64)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What the training folds teach, as the daemon would have learnt it.

    `candidates` have the abilities fitted there, `beliefs` how long their answers are, `harder`
    [problems] is what outcomes say of each problem's difficulty.
    """

    candidates: tuple[Candidate, ...]
    beliefs: Mapping[str, Belief]
    harder: Floats


def features_of(
    source: Source,
    row: int,
    neighbours: tuple[Neighbour, ...] = (),
    learnt: Learnt | None = None,
) -> Features:
    """Return what the daemon would know of the problem."""
    return Features(
        reading=source.readings[row],
        input_tokens=source.problems[row].input_tokens,
        neighbours=neighbours,
        beliefs=learnt.beliefs if learnt else {},
        harder=float(learnt.harder[row]) if learnt else 0.0,
    )


def learn(source: Source, training: NDArray[np.bool_], tariffs: Mapping[str, Tariff]) -> Learnt:
    """Return what the training rows teach; the other rows are not looked at but for their prompts.

    Abilities are fitted twice: before the regression on difficulty, which needs them, and after it,
    with every training problem's difficulty predicted without itself.
    """
    rows = np.flatnonzero(training)
    passed = source.passed[rows]
    read = np.array([scores.difficulty(features_of(source, row)) for row in range(len(training))])
    fitted = ability_fit.fit(passed, read[rows])
    harder = np.zeros(len(training))
    x = np.stack([_x(source, row) for row in range(len(training))])
    head = difficulty.fit(x[rows], passed, fitted.logits[None, :] - read[rows][:, None])
    if head is not None and head.explained > 0.0:
        harder = head.shift(x)
        fitted = ability_fit.fit(passed, read[rows] + head.inside)
    names = [f"{PROVIDER}/{model}" for model in source.models]
    lengths = _means(np.where(np.isnan(passed), np.nan, source.output_tokens[rows]))
    return Learnt(
        _candidates(source, tariffs, fitted),
        {name: Belief(output_tokens=float(n)) for name, n in zip(names, lengths, strict=True)},
        harder,
    )


def _x(source: Source, row: int) -> Floats:
    reading = source.readings[row]
    return difficulty.features(
        reading.embedding,
        reading.complexity,
        reading.task_confidence,
        source.problems[row].input_tokens,
    )


def _means(values: Floats) -> Floats:
    """Return the columns' means, 0 where nothing is known."""
    counts = (~np.isnan(values)).sum(axis=0)
    means: Floats = np.nansum(values, axis=0) / np.maximum(counts, 1)
    return means


def candidates_of(
    source: Source, training: NDArray[np.bool_], tariffs: Mapping[str, Tariff]
) -> tuple[Candidate, ...]:
    """Return every model as a candidate whose ability was fitted on the training rows."""
    rows = np.flatnonzero(training)
    read = np.array([scores.difficulty(features_of(source, int(row))) for row in rows])
    return _candidates(source, tariffs, ability_fit.fit(source.passed[rows], read))


def _candidates(
    source: Source, tariffs: Mapping[str, Tariff], fitted: ability_fit.Abilities
) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            PROVIDER,
            model,
            zone=tariffs[model].zone,
            price=tariffs[model].price,
            parameters_b=tariffs[model].parameters_b,
            ability=float(fitted.logits[column]),
            ability_sd=float(fitted.sd[column]),
            warm=True,
        )
        for column, model in enumerate(source.models)
    )


def neighbours_of(source: Source, row: int, training: NDArray[np.bool_]) -> tuple[Neighbour, ...]:
    """Return the answers to the most similar training problems, most similar first."""
    rows = np.flatnonzero(training)
    if not source.readings[row].embedding or not len(rows):
        return ()
    similarity = source.vectors[rows] @ source.vectors[row]
    best = np.argsort(-similarity, kind="stable")[:NEIGHBOURS]
    return tuple(
        Neighbour(f"{PROVIDER}/{model}", float(similarity[at]), float(passed), 0.0)
        for at in best
        for model, passed in zip(source.models, source.passed[rows[at]], strict=True)
        if not np.isnan(passed)
    )

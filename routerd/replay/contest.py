"""Lets routerd and simple strategies choose a model for every left-out problem.

routerd's choices come from `policy.decide` alone. Nothing here is tuned on the problems it judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routerd.core.config import Profile, Weights
from routerd.core.decision import Decision, Terms
from routerd.policy import decide, evidence, scores, wish
from routerd.replay import folds
from routerd.replay.records import Tariff

Floats = NDArray[np.float64]
Choice = NDArray[np.int64]

# Shares of the score that go to cost, from none to nearly all: one point of a curve each.
COST_SHARES = (0.0, *(float(share) for share in np.round(np.geomspace(0.001, 0.95, 47), 5)))
# The other terms' shares of what is left; latency and availability are not recorded.
FIT_SHARE = 0.2
# Weight of a model's mean where its neighbours are few, for the strategy that knows them alone.
KNN_PRIOR = 0.5
LENGTH_BANDS = 4


@dataclass(frozen=True, slots=True)
class Contest:
    """Choices [problems] as columns of `source.models`.

    `curves`: by strategy, one choice per entry of `COST_SHARES`. `profiles`: by name.
    `chances` [problems, models]: routerd's P(success), NaN where a model did not try.
    `always_best`, `always_cheapest`, `oracle`: one choice each. The first is the model that did
    best on all of the source, known in hindsight; the oracle has seen every single outcome.
    """

    curves: Mapping[str, tuple[Choice, ...]]
    profiles: Mapping[str, Choice]
    chances: Floats
    always_best: Choice
    always_cheapest: Choice
    oracle: Choice


@dataclass(slots=True)
class _Boards:
    """What each strategy believes, [problems, models], filled fold by fold."""

    routerd: Floats
    cost: Floats
    fit: Floats
    knn: Floats
    length: Floats


def hold(
    source: folds.Source,
    tariffs: Mapping[str, Tariff],
    profiles: Mapping[str, Profile] = wish.BUILT_IN_PROFILES,
) -> Contest:
    """Return everybody's choices for every problem of the source, each from the other folds."""
    shape = source.passed.shape
    boards = _Boards(*(np.full(shape, np.nan) for _ in range(5)))
    curve = [np.zeros(shape[0], np.int64) for _ in COST_SHARES]
    chosen = {name: np.zeros(shape[0], np.int64) for name in profiles}
    for fold in range(folds.FOLDS):
        training = source.fold != fold
        if training.all():
            continue
        learnt = folds.learn(source, training, tariffs)
        for row in np.flatnonzero(~training):
            tried = [int(i) for i in np.flatnonzero(~np.isnan(source.passed[row]))]
            decision = _decide(source, int(row), training, learnt, tried)
            column = {learnt.candidates[i].name: i for i in tried}
            _note(boards, decision, int(row), column)
            for at, share in enumerate(COST_SHARES):
                curve[at][row] = column[_first(decision, cost_weights(share), 0.0)]
            for name, profile in profiles.items():
                weights = decide.normalised(profile.weights)
                chosen[name][row] = column[_first(decision, weights, profile.floor)]
        boards.length[~training] = _length_board(source, training)
        boards.fit[~training] = _fit_board(source, training, tariffs)
    tried_all = ~np.isnan(source.passed)
    curves = {
        name: curve_of(np.where(tried_all, board, np.nan), boards.cost)
        for name, board in (("knn", boards.knn), ("fit", boards.fit), ("length", boards.length))
    }
    return Contest(
        {"routerd": tuple(curve), **curves},
        chosen,
        boards.routerd,
        best_of(source, tariffs),
        cheapest_of(source),
        oracle_of(source),
    )


def cost_weights(share: float) -> Terms:
    """Return weights of which `share` goes to cost and the rest to the two quality terms."""
    rest = 1.0 - share
    return decide.normalised(Weights(FIT_SHARE * rest, (1.0 - FIT_SHARE) * rest, share, 0.0, 0.0))


def _decide(
    source: folds.Source,
    row: int,
    training: NDArray[np.bool_],
    learnt: folds.Learnt,
    tried: Sequence[int],
) -> Decision:
    neighbours = folds.neighbours_of(source, row, training)
    features = folds.features_of(source, row, neighbours, learnt)
    candidates = [learnt.candidates[i] for i in tried]
    return decide.decide("replay", features, candidates, decide.Stance())


def _first(decision: Decision, weights: Terms, floor: float) -> str:
    return decide.first(decision.ranked, weights, floor).candidate.name


def _note(boards: _Boards, decision: Decision, row: int, column: Mapping[str, int]) -> None:
    """Write down what each strategy believes of the problem in `row`."""
    past = evidence.gather(decision.features.neighbours, {}, 0.0)
    for entry in decision.ranked:
        at = column[entry.candidate.name]
        own = past.of(entry.candidate.name)
        boards.routerd[row, at] = entry.p_success
        boards.cost[row, at] = entry.expected_cost_usd
        prior = entry.terms.complexity if not own.weight else own.well / own.weight
        boards.knn[row, at] = (own.well + KNN_PRIOR * prior) / (own.weight + KNN_PRIOR)


def _fit_board(
    source: folds.Source, training: NDArray[np.bool_], tariffs: Mapping[str, Tariff]
) -> Floats:
    """Return P(success) by ability and the classifier's reading alone; nothing learnt of tasks."""
    candidates = folds.candidates_of(source, training, tariffs)
    return np.array(
        [
            [scores.fit(candidate, folds.features_of(source, int(row))) for candidate in candidates]
            for row in np.flatnonzero(~training)
        ]
    )


def _length_board(source: folds.Source, training: NDArray[np.bool_]) -> Floats:
    """Return each model's mean over training problems of about the same length."""
    tokens = np.array([problem.input_tokens for problem in source.problems], dtype=np.float64)
    cuts = np.quantile(tokens[training], np.linspace(0, 1, LENGTH_BANDS + 1)[1:-1])
    band = np.digitize(tokens, cuts)
    overall = _means(source.passed[training], np.full(source.passed.shape[1], 0.5))
    table = np.stack(
        [
            _means(source.passed[training & (band == number)], overall)
            for number in range(LENGTH_BANDS)
        ]
    )
    board: Floats = table[band[~training]]
    return board


def _means(passed: Floats, otherwise: Floats) -> Floats:
    """Return the columns' means, `otherwise` where a column is all NaN."""
    counts = (~np.isnan(passed)).sum(axis=0)
    means: Floats = np.where(
        counts > 0, np.nansum(passed, axis=0) / np.maximum(counts, 1), otherwise
    )
    return means


def curve_of(board: Floats, cost_usd: Floats) -> tuple[Choice, ...]:
    """Return the best choices by belief against expected cost, weighed as routerd's are."""
    dearest = np.nanmax(cost_usd, axis=1, keepdims=True)
    saved = 1.0 - cost_usd / np.where(dearest > 0, dearest, 1.0)
    return tuple(
        np.nanargmax((1.0 - share) * board + share * saved, axis=1) for share in COST_SHARES
    )


def best_of(source: folds.Source, tariffs: Mapping[str, Tariff]) -> Choice:
    """Return, per problem, the one of those who tried it with the highest ability on the source."""
    everything = np.ones(len(source.problems), np.bool_)
    fitted = folds.candidates_of(source, everything, tariffs)
    order = np.array([candidate.ability for candidate in fitted])
    first: Choice = np.argmax(np.where(np.isnan(source.passed), -np.inf, order[None, :]), axis=1)
    return first


def cheapest_of(source: folds.Source) -> Choice:
    """Return the cheapest model of each problem, by mean cost over the source, names break ties."""
    means = np.nanmean(source.cost_usd, axis=0)
    first: Choice = np.argmin(np.where(np.isnan(source.passed), np.inf, means[None, :]), axis=1)
    return first


def oracle_of(source: folds.Source) -> Choice:
    """Return, knowing the outcomes, the cheapest of the models that did best on each problem."""
    best = np.nanmax(source.passed, axis=1, keepdims=True)
    allowed = np.nan_to_num(source.passed, nan=-1.0) >= best - 1e-9
    first: Choice = np.argmin(np.where(allowed, source.cost_usd, np.inf), axis=1)
    return first

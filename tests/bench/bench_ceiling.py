"""What could a router reach that knows how all other models did on the very problem?

`python -m tests.bench.bench_ceiling`: five folds by problem over the recorded outcomes. Each
model's success is told by ridge regression from the other models' results on the same problem,
which no router can see beforehand; costs are each model's mean. A yardstick, not a bound: it is
one strong predictor, and it does not see the prompt. Seconds.
"""

import numpy as np
from numpy.typing import NDArray

from routerd.replay import contest, folds, measures, records, report
from tests.bench.bench_replay import DATA

Floats = NDArray[np.float64]
PENALTY = 3.0
# With one other model there is next to nothing to know beforehand.
FEWEST_MODELS = 3


def main() -> None:
    """Print the table."""
    problems = records.read_problems(DATA / "outcomes.csv.gz")
    tariffs = records.read_tariffs(DATA / "prices.json")
    print(f"{'source':25} {'for 98 %':>18} {'for 95 %':>18}   APGR")
    found = []
    for name in sorted({problem.source for problem in problems}):
        mine = [problem for problem in problems if problem.source == name]
        source = folds.source_of(name, mine, tariffs, {})
        if len(source.models) < FEWEST_MODELS or len(source.problems) < report.FEWEST_PROBLEMS:
            continue
        found.append(_figures(source, tariffs))
        print(_line(name, found[-1]))
    print(_line("mean", np.nanmean(found, axis=0)))


def _figures(source: folds.Source, tariffs: dict[str, records.Tariff]) -> Floats:
    """Return cut and kept quality chosen for 98 %, the same for 95 %, and APGR."""
    board = np.where(np.isnan(source.passed), np.nan, told_by_others(source))
    costs = np.nanmean(source.cost_usd, axis=0)[None, :]
    curve = contest.curve_of(board, np.where(np.isnan(source.passed), np.nan, costs))
    held = contest.Contest(
        {"told": curve},
        {},
        board,
        contest.best_of(source, tariffs),
        contest.cheapest_of(source),
        contest.oracle_of(source),
    )
    best = measures.point(held.always_best, source.passed, source.cost_usd)
    chosen = [report.chosen(source, held, "told", share, best) for share in report.SHARES]
    pair = report.pair_of(source, held, tariffs)
    apgr = np.nan if pair is None or pair["apgr"] is None else pair["apgr"]
    return np.array([*(one[key] for one in chosen for key in ("cost_cut", "quality_kept")), apgr])


def told_by_others(source: folds.Source) -> Floats:
    """Return each model's expected success [problems, models], from the others' on the problem."""
    passed = source.passed
    filled = np.where(np.isnan(passed), np.nanmean(passed, axis=0), passed)
    board = np.zeros_like(passed)
    for fold in range(folds.FOLDS):
        mine = source.fold == fold
        for model in range(passed.shape[1]):
            known = ~mine & ~np.isnan(passed[:, model])
            others = np.delete(filled, model, axis=1)
            if known.any():
                board[mine, model] = _ridge(others[known], passed[known, model], others[mine])
    return board


def _ridge(x: Floats, y: Floats, asked: Floats) -> Floats:
    middle, level = x.mean(axis=0), y.mean()
    square = (x - middle).T @ (x - middle) + PENALTY * np.eye(x.shape[1])
    slope = np.linalg.solve(square, (x - middle).T @ (y - level))
    told: Floats = level + (asked - middle) @ slope
    return told


def _line(name: str, figures: Floats) -> str:
    cut, kept, cut95, kept95, apgr = figures
    return f"{name:25} {cut:7.1%} at {kept:7.1%} {cut95:7.1%} at {kept95:7.1%}  {apgr:.3f}"


if __name__ == "__main__":
    main()

"""What makes prompts hard, learnt from people's labels and from what models failed on.

One ridge regression over word pieces, pairs and triples. People's prompts say what is hard across
all kinds of work; recorded outcomes say, within one benchmark, which problems models fail.
`python -m models.training.hardness` scores it on problems left out and writes how complex each
problem looks to a model that was not taught on it (`LEFT_OUT`): replays of the same outcomes
must not use the shipped reading, which has seen them.
"""

import csv
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from models.training.batches import TextTokens, padded
from models.training.finetune import predict
from models.training.resume import read_back
from models.training.rows import UNTAUGHT, Row, load_rows
from models.training.wide import BUCKETS, HARDNESS_SHARE, Wide, buckets
from routerd.core.request import Message, Request, Text
from routerd.replay import records
from routerd.understanding.input_text import build_input

OUTCOMES = Path(__file__).parents[1] / "abilities" / "data"
LEFT_OUT = OUTCOMES / "complexity_left_out.csv"
SHIPPED = Path(__file__).parents[1] / "router" / "model.onnx"
FOLDS = 5
RIDGE = 3.0
# What one row counts: people's prompts of sessions, written ones, recorded problems.
TYPED, WRITTEN, RECORDED = 3.0, 1.0, 3.0
PEOPLES_PART = 0.3
"""The network has learnt from people already; at full weight they drown what failures tell."""
SMALL_B = (5.0, 9.0)
"""Sizes, in billions of parameters, of what counts as a 7B-class model."""
FEWEST = 5
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """One recorded problem.

    `harder`: standard deviations by which models failed more than on the source's others;
    `failed`: share of the 7B-class models that failed, NaN where none tried; `fold` is shared by
    all problems that build on the same task.
    """

    id: str
    source: str
    text: str
    harder: float
    failed: float
    fold: int


def load_problems(data: Path = OUTCOMES) -> list[Problem]:
    """Return all recorded problems, in the order of the file."""
    tariffs = records.read_tariffs(data / "prices.json")
    small = {m for m, t in tariffs.items() if SMALL_B[0] <= t.parameters_b <= SMALL_B[1]}
    found = records.read_problems(data / "outcomes.csv.gz")
    result = []
    for source in sorted({problem.source for problem in found}):
        mine = [problem for problem in found if problem.source == source]
        for problem, harder in zip(mine, _harder(mine), strict=True):
            tried = [a.passed for model, a in problem.answers.items() if model in small]
            result.append(
                Problem(
                    id=problem.id,
                    source=source,
                    text=build_input(Request((Message("user", (Text(problem.prompt),)),))),
                    harder=float(harder),
                    failed=1.0 - float(np.mean(tried)) if tried else float("nan"),
                    fold=_fold(problem.id),
                )
            )
    return result


def _harder(problems: Sequence[records.Problem]) -> Floats:
    """Return by how much models fell short of their own mean on each problem, standardised."""
    models = sorted({model for problem in problems for model in problem.answers})
    passed = np.full((len(problems), len(models)), np.nan)
    for row, problem in enumerate(problems):
        for column, model in enumerate(models):
            if answer := problem.answers.get(model):
                passed[row, column] = answer.passed
    short = -np.nanmean(passed - np.nanmean(passed, axis=0), axis=1)
    scaled: Floats = (short - short.mean()) / max(float(short.std()), 1e-9)
    return scaled


def _fold(problem_id: str) -> int:
    # Writing, repairing and testing a solution are three problems over one task.
    task = problem_id.partition("/")[2] or problem_id
    return int(hashlib.sha256(task.encode()).hexdigest()[:8], 16) % FOLDS


def teach_hardness(rows: Sequence[Row], problems: Sequence[Problem]) -> Wide:
    """Return the linear model whose output is 0 for the average prompt, 1 a deviation harder.

    Rows nobody judged and rows that rules answer are passed over.
    """
    judged = [row for row in rows if row.complexity is not None and not row.rule]
    judged = [row for row in judged if row.origin in ("real", "harvested", "written")]
    level = np.array([row.complexity for row in judged], dtype=np.float64)
    level = PEOPLES_PART * (level - level.mean()) / max(float(level.std()), 1e-9)
    weight = [WRITTEN if row.origin == "written" else TYPED for row in judged]
    texts = [row.text for row in judged] + [problem.text for problem in problems]
    ridge = Ridge(alpha=RIDGE, solver="sparse_cg", tol=1e-6)
    ridge.fit(
        _counts(texts),
        np.concatenate([level, [problem.harder for problem in problems]]),
        sample_weight=np.concatenate([weight, RECORDED * _source_weights(problems)]),
    )
    wide = Wide()
    with torch.no_grad():
        wide.table.weight[:, 0] = torch.from_numpy(ridge.coef_).float()
        wide.bias[0] = float(ridge.intercept_)
    return wide.eval()


def _source_weights(problems: Sequence[Problem]) -> Floats:
    """Return one over the root of how many problems a source has, mean 1: half of all are of one."""
    sizes = Counter(problem.source for problem in problems)
    weights = np.array([sizes[problem.source] ** -0.5 for problem in problems])
    return weights / weights.mean() if len(weights) else weights


def _counts(texts: Sequence[str]) -> sparse.csr_matrix:
    """Return [texts, BUCKETS]: how often each piece, pair and triple, over the root of their number."""
    columns, values, ends = [], [], [0]
    for ids in TextTokens().encode(texts):
        bucket, present = buckets(*padded([ids]))
        kept = bucket[0][present[0] > 0].numpy()
        columns.append(kept)
        values.append(np.full(len(kept), 1.0 / np.sqrt(max(len(kept), 1))))
        ends.append(ends[-1] + len(kept))
    parts = (np.concatenate(values), np.concatenate(columns), np.array(ends))
    return sparse.csr_matrix(parts, shape=(len(texts), BUCKETS))


def left_out(rows: Sequence[Row], problems: Sequence[Problem], graph: Path) -> Floats:
    """Return the complexity of each problem, 0..1, read by models not taught on its task."""
    texts = [problem.text for problem in problems]
    network = predict(read_back(graph), texts)[2].astype(np.float64)
    harder = np.zeros(len(problems))
    for fold in range(FOLDS):
        mine = [at for at, problem in enumerate(problems) if problem.fold == fold]
        wide = teach_hardness(rows, [p for p in problems if p.fold != fold])
        ids = TextTokens().encode([texts[at] for at in mine])
        with torch.inference_mode():
            harder[mine] = [float(wide(*padded([row]))[0]) for row in ids]
    found: Floats = np.clip(network + HARDNESS_SHARE * harder, 0.0, 1.0)
    return found


def failure_auc(problems: Sequence[Problem], complexity: Floats) -> dict[str, float]:
    """Return, by source, how well complexity tells what most 7B-class models fail; and the mean."""
    found: dict[str, float] = {}
    for source in sorted({problem.source for problem in problems}):
        mine = [
            at
            for at, problem in enumerate(problems)
            if problem.source == source and not np.isnan(problem.failed)
        ]
        failed = np.array([problems[at].failed > 0.5 for at in mine], dtype=bool)
        if min(int(failed.sum()), int((~failed).sum())) > FEWEST:
            found[source] = float(roc_auc_score(failed, complexity[mine]))
    return {**found, "mean": float(np.mean(list(found.values())))}


def main() -> int:
    """Score on left-out problems, print, write `LEFT_OUT`."""
    rows = [row for row in load_rows() if row.origin not in UNTAUGHT]
    problems = load_problems()
    complexity = left_out(rows, problems, SHIPPED)
    for source, auc in failure_auc(problems, complexity).items():
        print(f"{source:28} AUC {auc:.3f}")
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["problem_id", "complexity"])
    writer.writerows(
        [problem.id, f"{value:.4f}"] for problem, value in zip(problems, complexity, strict=True)
    )
    LEFT_OUT.write_text(lines.getvalue(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""One command from data to model folder: `python -m models.training.run`."""

import argparse
import datetime
import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.card import card_text
from models.training.embed import MAX_TOKENS, base_graph, embed
from models.training.evaluate import (
    fit_temperature,
    score_complexity,
    score_language,
    score_tasks,
    softmax,
)
from models.training.export import export_graph, tokenizer_json, write_model
from models.training.finetune import Plan, finetune, predict
from models.training.model import Classifier
from models.training.robustness import agreement_under_rewording, int8_agreement
from models.training.rows import Row, load_rows
from models.training.split import folds
from models.training.wide import Reader, Wide, teach_wide
from routerd.core.features import TASKS

HERE = Path(__file__).parent
VERSION = "finetuned-3-layers-1"
SEED = 7
JUDGED = ("real", "harvested")
LEARNING_SHARES = (0.25, 0.5)
ROBUSTNESS_ROWS = 400


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Predictions for people's prompts by networks that never saw their sources."""

    rows: Sequence[Row]
    fold: NDArray[np.str_]
    task: NDArray[np.float32]
    complexity: NDArray[np.float32]
    language: NDArray[np.float32]


def main() -> None:
    """Parse the command line and run all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "router")
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--limit", type=int, default=0, help="use only so many rows (a trial run)")
    parser.add_argument("--epochs", type=float, default=Plan().epochs)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plan = Plan(epochs=options.epochs)
    build(options.out, options.work, limit=options.limit, date=options.date, plan=plan)


def build(
    out: Path, work: Path, *, limit: int = 0, date: str, plan: Plan | None = None
) -> dict[str, Any]:
    """Train, evaluate and export; return the report that also lands in `work`/report.json."""
    plan = plan or Plan()
    seed_everything()
    started = time.monotonic()
    rows = load_rows()
    if limit:
        rows = random.Random(SEED).sample(rows, limit)  # noqa: S311  # Sampling, not secrecy.
    rows = [row for row in rows if row.rule != "inherited"]
    print(f"{len(rows):,} rows, {sum(bool(row.rule) for row in rows):,} answered by rule")
    meaning = meanings(rows, work)
    left_out = cross_validate(rows, meaning, plan, work)
    report, temperature = report_on(left_out)
    report["counts"] = count_rows(rows)
    report["learning"] = learning_curve(rows, meaning, plan, work)
    network = taught(rows, meaning, np.ones(len(rows), dtype=bool), plan, work)
    report["int8"], report["rewording"] = robustness(rows, meaning, plan, work)
    graph = export_graph(network, work)
    publish(graph, out, report, {"date": date, "task_temperature": temperature})
    (work / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"done in {time.monotonic() - started:.0f} s")
    return report


def publish(graph: Path, out: Path, report: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write the model folder with its card."""
    all_facts = {"version": VERSION, "max_tokens": MAX_TOKENS, **facts}
    write_model(graph, out, all_facts, lambda labels: card_text(labels, report))


def seed_everything() -> None:
    """Fix every source of chance; two runs on one machine give the same bytes."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    # Denormals cost minutes on some processors and carry nothing.
    torch.set_flush_denormal(True)


def meanings(rows: Sequence[Row], work: Path) -> NDArray[np.float32]:
    """Return where the base model puts every text, unit vectors [n, 384]."""
    graph, key = base_graph(work)
    return embed([row.text for row in rows], graph, tokenizer_json(), work, key=key)


def taught(
    rows: Sequence[Row],
    meaning: NDArray[np.float32],
    keep: NDArray[np.bool_],
    plan: Plan,
    work: Path,
) -> Reader:
    """Return a reader taught on the kept rows; one with the same rows and plan is not retrained.

    Rows that rules answer and commit subjects, which are no prompts, are not taught.
    """
    chosen = [
        index
        for index in np.flatnonzero(keep)
        if not rows[index].rule and rows[index].kind != "commit_subject_proxy"
    ]
    some = [rows[index] for index in chosen]
    path = work / f"reader-{_key(some, plan)}.pt"
    if path.exists():
        reader = Reader(Classifier(plan.layers), Wide()).eval()
        reader.load_state_dict(torch.load(path, weights_only=True))
        return reader
    network = finetune(some, meaning[chosen], plan)
    reader = Reader(network, teach_wide(some, plan.seed)).eval()
    torch.save(reader.state_dict(), path)
    return reader


def _key(rows: Sequence[Row], plan: Plan) -> str:
    digest = hashlib.sha256(json.dumps(asdict(plan)).encode())
    for row in rows:
        digest.update(repr((row.text, row.task, row.complexity, row.language, row.weight)).encode())
    return digest.hexdigest()[:16]


def cross_validate(
    rows: Sequence[Row], meaning: NDArray[np.float32], plan: Plan, work: Path
) -> LeftOut:
    """Predict people's prompts, fold by fold, with networks that never saw their sources."""
    judged = np.asarray([row.origin in JUDGED for row in rows])
    indices: list[int] = []
    names: list[str] = []
    parts = []
    for name, left_out in folds(rows):
        print(f"fold {name}: {int((left_out & judged).sum()):,} people's rows left out", flush=True)
        network = taught(rows, meaning, ~left_out, plan, work)
        asked = np.flatnonzero(left_out & judged)
        indices += asked.tolist()
        names += [name] * len(asked)
        parts.append(predict(network, [rows[index].text for index in asked])[1:])
    task, complexity, language = (np.concatenate(some) for some in zip(*parts, strict=True))
    chosen = [rows[index] for index in indices]
    return LeftOut(chosen, np.asarray(names), task, complexity, language)


def report_on(left_out: LeftOut) -> tuple[dict[str, Any], float]:
    """Return the scores of left-out predictions and the temperature fitted on them.

    The temperature is fitted on prompts that the model, not a rule, answers.
    """
    rows = left_out.rows
    truth = np.asarray([row.task for row in rows])
    asked = np.asarray([not row.rule for row in rows])
    temperature = fit_temperature(left_out.task[asked], truth[asked])
    probabilities = with_rules(rows, softmax(left_out.task, temperature))
    report: dict[str, Any] = {"temperature": temperature}
    for name, mask in views(left_out):
        chosen = np.flatnonzero(mask)
        levels = [rows[index].complexity for index in chosen]
        languages = [rows[index].language for index in chosen]
        score = score_tasks(truth[mask], probabilities[mask])
        report[name] = {
            **score.as_json(),
            "complexity": score_complexity(levels, left_out.complexity[mask]),
            "language": score_language(languages, left_out.language[mask]),
        }
        if name == "people":
            report[name]["confusion"] = score.confusion
        print(f"  {name}: {report[name]['accuracy']:.3f} macro {report[name]['macro_f1']:.3f}")
    return report, temperature


def learning_curve(
    rows: Sequence[Row], meaning: NDArray[np.float32], plan: Plan, work: Path
) -> dict[str, Any]:
    """Return the accuracy on one left-out fold by the share of the other rows that was taught."""
    name, left_out = folds(rows)[0]
    asked = [row for row, out in zip(rows, left_out, strict=True) if out and row.origin in JUDGED]
    chance = np.random.default_rng(SEED).random(len(rows))
    curve: dict[str, float] = {}
    for share in (*LEARNING_SHARES, 1.0):
        # The same number of steps for every share, or the curve would show training time.
        some = replace(plan, epochs=plan.epochs / share, constructed=int(plan.constructed * share))
        keep = ~left_out & (chance < share)
        task = predict(taught(rows, meaning, keep, some, work), [row.text for row in asked])[1]
        truth = np.asarray([row.task for row in asked])
        score = score_tasks(truth, with_rules(asked, softmax(task)))
        curve[f"{share:.0%}"] = round(score.accuracy, 4)
    return {"fold": name, "by_share": curve}


def robustness(
    rows: Sequence[Row], meaning: NDArray[np.float32], plan: Plan, work: Path
) -> tuple[float, dict[str, float]]:
    """Return int8's agreement and that under rewording, on prompts of a fold left out.

    On rows that were taught both would flatter: a network is surer of what it has seen.
    """
    _, left_out = folds(rows)[0]
    network = taught(rows, meaning, ~left_out, plan, work)
    graph = export_graph(network, work / "fold")
    people = [
        row.text
        for row, out in zip(rows, left_out, strict=True)
        if out and row.origin in JUDGED and not row.rule
    ]
    random.Random(SEED).shuffle(people)  # noqa: S311  # Sampling, not secrecy.
    some = people[:ROBUSTNESS_ROWS]
    return int8_agreement(network, graph, some), agreement_under_rewording(graph, some)


def with_rules(rows: Sequence[Row], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put the daemon's rules over the model, as the daemon does."""
    result = probabilities.copy()
    for index, row in enumerate(rows):
        if row.rule:
            result[index] = 0.0
            result[index, TASKS.index(row.rule)] = 1.0
    return result


def views(left_out: LeftOut) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the named groups of rows that are scored: all people's, each origin, each fold."""
    origins = np.asarray([row.origin for row in left_out.rows])
    result = [("people", np.ones(len(origins), dtype=bool))]
    result += [(name, origins == name) for name in JUDGED]
    result += [
        (f"people in fold {name}", left_out.fold == name) for name in sorted(set(left_out.fold))
    ]
    return [(name, mask) for name, mask in result if mask.any()]


def count_rows(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Return origin -> task -> rows."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        tasks = counts.setdefault(row.origin, dict.fromkeys(TASKS, 0))
        tasks[TASKS[row.task]] += 1
    return counts


if __name__ == "__main__":
    main()

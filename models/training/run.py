"""One command from data to model folder: `python -m models.training.run`."""

import argparse
import datetime
import hashlib
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.card import card_text
from models.training.embed import MAX_TOKENS, embed
from models.training.encoder import Encoder
from models.training.evaluate import (
    fit_temperature,
    score_complexity,
    score_language,
    score_tasks,
    softmax,
)
from models.training.export import export_graph, tokenizer_json, write_model
from models.training.rows import LANGUAGES, ORIGINS, Row, load_rows
from models.training.split import folds
from models.training.train_heads import SEED, Heads, predict, train_heads
from routerd.core.features import TASKS

HERE = Path(__file__).parent
VERSION = "heads-1"
JUDGED = ("real", "harvested")


def main() -> None:
    """Parse the command line and run all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "router")
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--limit", type=int, default=0, help="use only so many rows (a trial run)")
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    options = parser.parse_args()
    build(options.out, options.work, limit=options.limit, date=options.date)


def build(out: Path, work: Path, *, limit: int = 0, date: str) -> dict[str, Any]:
    """Train, evaluate and export; return the report that also lands in `work`/report.json."""
    seed_everything()
    started = time.monotonic()
    rows = load_rows()
    if limit:
        rows = random.Random(SEED).sample(rows, limit)  # noqa: S311  # Sampling, not secrecy.
    rows = [row for row in rows if row.rule != "inherited"]
    print(f"{len(rows):,} rows, {sum(bool(row.rule) for row in rows):,} answered by rule")
    encoder = Encoder()
    draft = export_graph(encoder, Heads(), work)
    key = encoder_key(encoder)
    emb = embed([row.text for row in rows], draft, tokenizer_json(), work, key=key)
    report, temperature = cross_validate(rows, emb)
    taught = [index for index, row in enumerate(rows) if not row.rule]
    heads = train_heads(emb[taught], [rows[index] for index in taught])
    facts = {
        "version": VERSION,
        "date": date,
        "max_tokens": MAX_TOKENS,
        "task_temperature": temperature,
    }
    labels = write_model(export_graph(encoder, heads, work), out, facts)
    (out / "CARD.md").write_text(card_text(labels, report), encoding="utf-8")
    (work / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"done in {time.monotonic() - started:.0f} s")
    return report


def seed_everything() -> None:
    """Fix every source of chance; two runs on one machine give the same bytes."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)


def encoder_key(encoder: Encoder) -> str:
    """Return a short digest of the encoder's weights."""
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]


def cross_validate(rows: Sequence[Row], emb: NDArray[np.float32]) -> tuple[dict[str, Any], float]:
    """Predict every row with heads that never saw its source; return the report and temperature.

    The temperature is fitted on people's prompts that the model, not a rule, answers.
    """
    task = np.zeros((len(rows), len(TASKS)), dtype=np.float32)
    complexity = np.zeros(len(rows), dtype=np.float32)
    language = np.zeros((len(rows), len(LANGUAGES)), dtype=np.float32)
    taught = np.asarray([not row.rule for row in rows])
    parts = folds(rows)
    for name, left_out in parts:
        keep = np.flatnonzero(taught & ~left_out)
        heads = train_heads(emb[keep], [rows[index] for index in keep])
        task[left_out], complexity[left_out], language[left_out] = predict(heads, emb[left_out])
        print(f"  fold {name}: {int(left_out.sum()):,} rows left out", flush=True)
    truth = np.asarray([row.task for row in rows])
    judged = np.asarray([row.origin in JUDGED for row in rows])
    temperature = fit_temperature(task[judged & taught], truth[judged & taught])
    probabilities = with_rules(rows, softmax(task, temperature))
    report: dict[str, Any] = {"temperature": temperature, "counts": count_rows(rows)}
    for name, mask in views(rows, parts):
        chosen = np.flatnonzero(mask)
        score = score_tasks(truth[mask], probabilities[mask])
        report[name] = {
            **score.as_json(),
            "complexity": score_complexity([rows[i].complexity for i in chosen], complexity[mask]),
            "language": score_language([rows[i].language for i in chosen], language[mask]),
        }
        if name == "people":
            report[name]["confusion"] = score.confusion
        print(f"  {name}: {report[name]['accuracy']:.3f} macro {report[name]['macro_f1']:.3f}")
    return report, temperature


def with_rules(rows: Sequence[Row], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put the daemon's rules over the model, as the daemon does."""
    result = probabilities.copy()
    for index, row in enumerate(rows):
        if row.rule:
            result[index] = 0.0
            result[index, TASKS.index(row.rule)] = 1.0
    return result


def views(
    rows: Sequence[Row], parts: Sequence[tuple[str, NDArray[np.bool_]]]
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the named groups of rows that are scored: people's prompts, each origin, each fold."""
    origins = np.asarray([row.origin for row in rows])
    people = np.isin(origins, JUDGED)
    result = [("people", people), *((name, origins == name) for name in ORIGINS)]
    result += [(f"people in {name}", mask & people) for name, mask in parts]
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

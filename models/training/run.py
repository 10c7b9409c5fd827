"""One command from data to model folder: `python -m models.training.run`."""

import argparse
import datetime
import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.aspects import FILE as ASPECTS
from models.training.calibrate import fit_temperature, shrunk
from models.training.card import card_text
from models.training.embed import MAX_TOKENS, base_graph, embed
from models.training.encoder import DIMENSIONS, base_tokenizer_json
from models.training.evaluate import evaluate
from models.training.export import export_graph, write_model
from models.training.finetune import Plan, Soft, finetune, predict
from models.training.hardness import Problem, load_problems, teach_hardness
from models.training.last_stage import gentle, last_lessons, teach_people
from models.training.model import Classifier
from models.training.offshoots import FILE as FLIPS
from models.training.priors import prior_shift
from models.training.resume import read_back
from models.training.retold import FILES as RETOLD
from models.training.rounds import in_rounds
from models.training.rows import DATA, UNTAUGHT, Row, digest_of, load_rows
from models.training.shared_rows import share_rows, untaught_words
from models.training.smoothing import smooth
from models.training.soft_labels import load_generated, with_teacher
from models.training.text_alone import with_kinds, with_readers
from models.training.unseen import with_unseen
from models.training.wide import Reader
from routerd.core.features import TASKS

HERE = Path(__file__).parent
VERSION = "finetuned-6-layers-22"
SEED = 7
CURVE_SHARES = (0.125, 0.25, 0.5)
SMOOTHED_BY = 300
"""Prompts that tell how large the inputs of a layer become; 300 others tell the same."""


def main() -> None:
    """Parse the command line and run all steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "router")
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--start", type=Path, help="go on from this model.onnx, not from the base")
    parser.add_argument("--curve", action="store_true", help="also teach on shares of the rows")
    parser.add_argument("--limit", type=int, default=0, help="use only so many rows (a trial run)")
    parser.add_argument("--epochs", type=float, default=Plan().epochs)
    parser.add_argument("--stop", type=float, default=0.0, help="end after so many of the epochs")
    parser.add_argument(
        "--rounds", type=int, default=Plan().rounds, help="keep the mean of so many trainings"
    )
    parser.add_argument(
        "--people-epochs",
        type=float,
        default=Plan().people_epochs,
        help="passes over people's prompts alone in the end, 0 for none",
    )
    parser.add_argument("--rate", type=float, default=Plan().rate)
    parser.add_argument("--head-rate", type=float, default=Plan().head_rate)
    parser.add_argument("--piece-rate", type=float, default=Plan().piece_rate)
    parser.add_argument("--batch", type=int, default=Plan().batch)
    parser.add_argument("--device", default="cpu", help="cuda where there is one")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    build(
        options.out,
        options.work,
        start=options.start,
        curve=options.curve,
        limit=options.limit,
        date=options.date,
        device=options.device,
        plan=Plan(
            epochs=options.epochs,
            rounds=options.rounds,
            people_epochs=options.people_epochs,
            stop=options.stop,
            rate=options.rate,
            head_rate=options.head_rate,
            piece_rate=options.piece_rate,
            batch=options.batch,
        ),
    )


def build(
    out: Path,
    work: Path,
    *,
    date: str,
    start: Path | None = None,
    curve: bool = False,
    limit: int = 0,
    device: str = "cpu",
    plan: Plan | None = None,
) -> dict[str, Any]:
    """Train, export, score on the held-out sources; return the report, also in work/report.json."""
    plan = plan or Plan()
    seed_everything()
    started = time.monotonic()
    loaded = load_rows()
    held_out = [row for row in loaded if row.origin == "held_out" and not row.rule]
    apart = [row for row in loaded if row.origin == "calibration" and not row.rule]
    rows = [row for row in loaded if row.origin not in UNTAUGHT]
    if limit:
        rows = random.Random(SEED).sample(rows, limit)  # noqa: S311  # Sampling, not secrecy.
    print(f"{len(rows):,} rows, {len(held_out):,} prompts of other sources held out", flush=True)
    meaning = meanings(rows, work, plan.meant_every)
    problems = load_problems()[: limit or None]
    network = taught(
        rows,
        meaning,
        plan,
        work,
        apart,
        start=start,
        problems=problems,
        written=limit,
        device=device,
    )
    generated = load_generated()[0][: limit or None]
    texts = [row.text for row in (*rows, *generated) if row.is_taught]
    share_rows(network.network.bert, untaught_words(texts))
    smooth(network.network, some_typed(rows))
    graph = export_graph(network, work)
    facts = {
        "version": VERSION,
        "max_tokens": MAX_TOKENS,
        "date": date,
        "task_temperature": temperature_of(network, apart),
    }
    report: dict[str, Any] = {"counts": count_rows([*loaded, *generated])}
    # Written first, scored as it lies there, then written again with the card that tells.
    write_model(graph, out, facts, lambda labels: card_text(labels, report))
    report |= evaluate(out)
    if curve:
        report["curve"] = learning_curve(rows, meaning, held_out, apart, plan, work)
    write_model(graph, out, facts, lambda labels: card_text(labels, report))
    (work / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"accuracy {report['accuracy']:.3f}; done in {time.monotonic() - started:.0f} s")
    return report


def seed_everything() -> None:
    """Fix every source of chance; two runs on one machine give the same bytes."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    # Denormals cost minutes on some processors and carry nothing.
    torch.set_flush_denormal(True)


def meanings(rows: Sequence[Row], work: Path, every: int = 1) -> NDArray[np.float32]:
    """Return where each text shall stay, unit vectors [n, 384]; zeros where it is free to move.

    That is where the base model puts it; what says an English text in another language belongs
    where the base puts the English one. One text in `every` is held in place, which is enough to
    hold the space, and only such as the base can read.
    """
    graph, key = base_graph(work)
    english = {digest_of(row.text): row.text for row in rows}
    held = {}
    for at, row in enumerate(rows):
        if row.original in english:
            held[at] = english[row.original]
        elif row.text.isascii() and int(digest_of(row.text), 16) % every == 0:
            held[at] = row.text
    result = np.zeros((len(rows), DIMENSIONS), dtype=np.float32)
    result[list(held)] = embed(list(held.values()), graph, base_tokenizer_json(), work, key=key)
    return result


def taught(
    rows: Sequence[Row],
    meaning: NDArray[np.float32],
    plan: Plan,
    work: Path,
    apart: Sequence[Row],
    *,
    start: Path | None = None,
    problems: Sequence[Problem] = (),
    written: int = 0,
    device: str = "cpu",
) -> Reader:
    """Return a reader taught on the rows; one with the same rows, readings, plan and start is kept.

    Rows that rules answer and commit subjects, which are no prompts, are not taught. `apart`: people's
    prompts that aren't either, but tell with the taught ones what people ask for. `problems`
    are recorded ones that teach what is hard; `written` the number of prompts that a large model
    wrote, 0 for all.
    """
    chosen = [at for at, row in enumerate(rows) if row.is_taught]
    said = with_teacher([rows[at] for at in chosen], plan.teacher_share, limit=written)
    some, soft = with_readers(*said)
    soft = with_kinds(some, with_unseen(some, soft))
    free = np.zeros((len(some) - len(chosen), DIMENSIONS), dtype=np.float32)
    path = work / f"network-{_key(some, soft, plan, start)}.pt"
    if path.exists():
        network = Classifier(plan.layers, plan.width).eval()
        network.load_state_dict(torch.load(path, weights_only=True))
    else:
        begun = read_back(start, plan.layers) if start else None
        held = np.concatenate([meaning[chosen], free])

        def teach(of_round: Plan, begun: Classifier | None) -> Classifier:
            return finetune(some, held, of_round, soft=soft, start=begun, device=device).cpu()

        network = in_rounds(teach, plan, begun)
        network = teach_people(network, some, held, soft, plan, device)
        torch.save(network.state_dict(), path)
    typed = [*(row for row in some if row.by_people), *apart]
    last = last_lessons(some, soft, plan)
    # What was taught last is what a network expects.
    expects = (last.rows, last.soft, gentle(plan)) if last else (some, soft, plan)
    shift = prior_shift(*expects, typed)
    return Reader(network, teach_hardness(some, problems), shift).eval()


def _key(rows: Sequence[Row], soft: Soft, plan: Plan, start: Path | None) -> str:
    digest = hashlib.sha256(json.dumps(asdict(plan)).encode())
    digest.update(soft.task.numpy().tobytes())
    for told in (ASPECTS, *RETOLD, FLIPS):
        digest.update((DATA / told).read_bytes())
    if start:
        digest.update(start.read_bytes())
    for row in rows:
        digest.update(repr((row.text, row.task, row.complexity, row.language, row.weight)).encode())
    return digest.hexdigest()[:16]


def some_typed(rows: Sequence[Row]) -> list[str]:
    """Return some taught prompts that people typed."""
    typed = [row.text for row in rows if row.by_people]
    return random.Random(SEED).sample(typed, min(SMOOTHED_BY, len(typed)))  # noqa: S311  # Sampling.


def temperature_of(network: Reader, apart: Sequence[Row]) -> float:
    """Return the temperature fitted on prompts that are neither taught nor score the model."""
    logits = predict(network, [row.text for row in apart])[1]
    fitted = fit_temperature(logits, np.asarray([row.task for row in apart]))
    return shrunk(fitted, len(apart))


def learning_curve(
    rows: Sequence[Row],
    meaning: NDArray[np.float32],
    held_out: Sequence[Row],
    apart: Sequence[Row],
    plan: Plan,
    work: Path,
) -> dict[str, float]:
    """Return the float network's accuracy on held-out prompts by the share of rows taught.

    Every point starts from the base model and takes as many steps as the whole, or the curve
    would show training time.
    """
    truth = np.asarray([row.task for row in held_out])
    chance = np.random.default_rng(SEED).random(len(rows))
    curve = {}
    for share in (*CURVE_SHARES, 1.0):
        keep = np.flatnonzero(chance < share)
        some = replace(plan, epochs=plan.epochs / share, constructed=int(plan.constructed * share))
        written = int(len(load_generated()[0]) * share)
        chosen = [rows[at] for at in keep]
        reader = taught(chosen, meaning[keep], some, work, apart, written=written)
        task = predict(reader, [row.text for row in held_out])[1].argmax(axis=1)
        curve[f"{len(keep):,} rows"] = round(float((task == truth).mean()), 4)
    return curve


def count_rows(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Return origin -> task -> rows."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        tasks = counts.setdefault(row.origin, dict.fromkeys(TASKS, 0))
        tasks[TASKS[row.task]] += 1
    return counts


if __name__ == "__main__":
    main()

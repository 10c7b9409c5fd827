"""A large model teaches, another writes: `python -m models.training.distil --weights FILE`.

Teaches Qwen2.5-Coder the labels (`large`) and, apart, how developers type (`writer`); lets the
second write prompts and the first label them and all taught ones; keeps that in `data/` for
`run`. Wants a GPU with 40 GB or more, and a quarter of an hour.
"""

import argparse
import hashlib
import json
import re
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import Qwen2ForCausalLM

from models.training.language_model import load_language_model
from models.training.large import LargePlan, LargeReader, opinions, teach_large
from models.training.rows import DATA, UNTAUGHT, Row, load_rows
from models.training.soft_labels import Opinion, keep_generated, keep_soft_labels
from models.training.writer import END, WriterPlan, draw_briefs, teach_writer, write
from routerd.screening.screener import Screener
from routerd.understanding.control_turns import is_steering
from routerd.understanding.quality import rank_correlation

SHORTEST = 4
"""Characters below which a written prompt says nothing."""
_ODD = re.compile(r"https?://|[\w.+-]+@[\w-]+\.\w|<\|")
"""Addresses that may be somebody's, and marks of the chat template."""
_HOME = re.compile(r"(/(?:home|Users)/)[\w.-]+")


def main() -> None:
    """Parse the command line and run all stages; the taught teacher is kept in `--work`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="Qwen2.5-Coder as GGUF")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--count", type=int, default=200_000, help="prompts to write")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="longest writing")
    parser.add_argument(
        "--without", type=Path, help="file of repositories to leave out, to score on"
    )
    parser.add_argument("--teach-only", action="store_true", help="write no prompts")
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows = load_rows()
    kept_out = set(options.without.read_text().split()) if options.without else set()
    taught = [row for row in rows if row.is_taught and row.group not in kept_out]
    model, tokenizer = load_language_model(options.weights)
    print(f"{len(taught):,} rows to teach", flush=True)
    reader = teacher(taught, deepcopy(model), tokenizer, options)
    asked = [row for row in rows if not row.rule]
    for name, some in (
        ("held out", [row for row in asked if row.origin == "held_out"]),
        ("kept out", [row for row in asked if row.group in kept_out]),
    ):
        if some:
            report(name, some, opinions(reader, tokenizer, [row.text for row in some]))
    labelled = [row for row in rows if row.origin not in UNTAUGHT]
    said = opinions(reader, tokenizer, [row.text for row in labelled])
    keep_soft_labels(options.out, labelled, said)
    if options.teach_only:
        return
    # Both would not fit into the memory of a smaller GPU while one is taught.
    reader.cpu()
    texts = new_prompts(rows, taught, model, tokenizer, options)
    said = opinions(reader.to(options.device), tokenizer, texts)
    keep_generated(options.out, texts, said)


def teacher(
    rows: Sequence[Row],
    model: Qwen2ForCausalLM,
    tokenizer: Tokenizer,
    options: argparse.Namespace,
) -> LargeReader:
    """Return the model taught on the rows; one taught the same is kept."""
    plan = LargePlan()
    digest = hashlib.sha256(json.dumps(asdict(plan)).encode())
    for row in rows:
        digest.update(repr((row.text, row.task, row.complexity, row.language)).encode())
    path = options.work / f"large-{digest.hexdigest()[:16]}.pt"
    if path.exists():
        reader = LargeReader(model, tokenizer)
        reader.load_state_dict(torch.load(path, weights_only=True))
        return reader.to(options.device).eval()
    reader = teach_large(rows, model, tokenizer, plan, options.device)
    torch.save(reader.state_dict(), path)
    return reader


def report(name: str, rows: Sequence[Row], said: Opinion) -> None:
    """Print how often the teacher is right on prompts it was not taught."""
    right = said.task.argmax(1) == np.asarray([row.task for row in rows])
    judged = [at for at, row in enumerate(rows) if row.complexity is not None]
    level = [rows[at].complexity or 0.0 for at in judged]
    order = rank_correlation(level, said.complexity[judged].tolist())
    print(
        f"{name}: {len(rows)} prompts, accuracy {right.mean():.4f}, complexity {order:.3f}",
        flush=True,
    )


def new_prompts(
    rows: Sequence[Row],
    taught: Sequence[Row],
    model: Qwen2ForCausalLM,
    tokenizer: Tokenizer,
    options: argparse.Namespace,
) -> list[str]:
    """Return prompts that the writer made, that nobody made before and that say something."""
    plan = WriterPlan()
    real = [row for row in taught if row.origin != "constructed"]
    model = teach_writer(real, model, tokenizer, plan, options.device)
    pieces = {at for e in tokenizer.encode_batch([row.text for row in taught]) for at in e.ids}
    pieces.update(tokenizer.encode(END).ids)
    briefs = draw_briefs(taught, options.count, plan)
    until = time.monotonic() + options.seconds
    written = write(model.bfloat16(), tokenizer, briefs, sorted(pieces), plan, until)
    return chosen(written, {_bare(row.text) for row in rows})


def chosen(texts: Sequence[str], known: set[str]) -> list[str]:
    """Return texts that are new, long enough, no steering turns, without addresses and secrets.

    A name in a home's path may be somebody's; it becomes `user`.
    """
    screener = Screener()
    result = []
    for text in texts:
        bare = _bare(text)
        if len(text) >= SHORTEST and bare not in known and not is_steering(text):
            if not _ODD.search(text) and not screener.scan(text):
                result.append(_HOME.sub(r"\1user", text))
            known.add(bare)
    return result


def _bare(text: str) -> str:
    """Return the text's letters and digits alone, lower case: what makes two the same."""
    return re.sub(r"[\W_]+", "", text.lower())


if __name__ == "__main__":
    main()

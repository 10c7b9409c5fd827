"""What a network says of prompts of invented people that it was never taught.

The only label of such a prompt is its writer's guess of what those who see the session would have
answered. A network that never saw the prompt errs otherwise than its writer does, so that both
together are a better label than either (as with a teacher whose word is held back from its own
lessons: Furlanello et al. 2018). `python -m models.training.unseen` asks the shipped graph about all
of which `data/unseen.tsv.gz` holds no word yet; run it with new histories, before they are taught.
Of the first 58,800 networks spoke that are older than they are.
"""

import argparse
import gzip
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.finetune import Soft, predict
from models.training.resume import read_back
from models.training.rows import DATA, Row, digest_of, load_rows, packed_lines
from models.training.text_alone import load_readings, shares_of
from routerd.core.features import TASKS

FILE = "unseen.tsv.gz"
OF = "written/histories_after_logs"
"""The prompts of which there are words."""
WORD = 0.35
"""Their word's part in the label."""
_STEPS, _RATE = 400, 0.02
Shares = NDArray[np.float32]


def main() -> None:
    """Parse the command line, ask, keep the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=DATA.parents[1] / "router" / "model.onnx")
    options = parser.parse_args()
    ours = [row for row in load_rows() if row.group == OF]
    heard = load_unseen()
    known = {name: heard[name] for row in ours if (name := digest_of(row.text)) in heard}
    rows = [row for row in ours if digest_of(row.text) not in known]
    if not rows:
        print("Of every invented person's prompt there is a word already.")
        return
    print(f"{len(rows):,} prompts to read", flush=True)
    logits = predict(read_back(options.model), [row.text for row in rows])[1]
    readings = load_readings()
    labels = np.stack([readings[digest_of(row.text)].task for row in rows])
    said = agreeing(logits, labels)
    same = float((said.argmax(1) == labels.argmax(1)).mean())
    keep(known | {digest_of(row.text): one for row, one in zip(rows, said, strict=True)})
    print(f"it names the writer's likeliest task in {same:.3f} of them")


@cache
def load_unseen(data: Path = DATA) -> Mapping[str, Shares]:
    """Return digest of a text -> task shares [10] that add up to one; {} without the file."""
    if not (data / FILE).exists():
        return {}
    lines = packed_lines(data / FILE)
    return dict(_read(line) for line in lines)


def keep(said: Mapping[str, Shares], data: Path = DATA) -> None:
    """Write all words anew: a digest a line, tasks with their shares in hundredths."""
    lines = []
    for digest, shares in sorted(said.items()):
        parts = [(TASKS[at], round(100 * float(shares[at]))) for at in np.argsort(-shares)]
        lines.append(f"{digest}\t{' '.join(f'{task} {part}' for task, part in parts if part)}\n")
    packed = gzip.compress("".join(lines).encode(), 9, mtime=0)
    (data / FILE).write_bytes(packed)


def agreeing(logits: NDArray[np.float32], labels: Shares) -> Shares:
    """Return the shares [n, 10] nearest to `labels` that one temperature and one shift a task give.

    The network expects other tasks than these people ask for, and is surer or less sure; neither
    is a word about a prompt.
    """
    raw, truth = torch.from_numpy(logits), torch.from_numpy(labels)
    scale = torch.nn.Parameter(torch.ones(()))
    shift = torch.nn.Parameter(torch.zeros(logits.shape[1]))
    optimiser = torch.optim.Adam([scale, shift], lr=_RATE)
    for _ in range(_STEPS):
        optimiser.zero_grad()
        functional.cross_entropy(raw * scale + shift, truth).backward()
        optimiser.step()
    with torch.no_grad():
        shares: Shares = torch.softmax(raw * scale + shift, 1).numpy()
    return shares


def with_unseen(rows: Sequence[Row], soft: Soft, data: Path = DATA) -> Soft:
    """Move the labels of rows of which there is a word towards it."""
    unseen = load_unseen(data)
    task = soft.task.clone()
    for at, row in enumerate(rows):
        word = unseen.get(digest_of(row.text)) if row.group == OF else None
        if word is not None:
            task[at] = torch.lerp(task[at], torch.from_numpy(word), WORD)
    return Soft(task, soft.share)


def _read(line: str) -> tuple[str, Shares]:
    digest, told = line.split("\t")
    return digest, shares_of(told)


if __name__ == "__main__":
    main()

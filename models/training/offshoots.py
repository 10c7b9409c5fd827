"""Sets beside people's prompts what grew out of them and wants something else, when they are taught once more.

Readers wrote for each prompt the smallest natural change that makes another kind of work of it: "why is the
button on the left" is "put the button on the left". So the network learns which words decide
(counterfactual augmentation, Kaushik et al. 2020). `data/RETOLD.md` is their guide. What the same person
typed earlier and later (`data/same_sessions.tsv.gz`) has the same form; taught likewise it brought nothing
(README.md). A line of the files: the first 16 hex digits of the prompt's SHA-256, the task, the complexity
1-5, the text.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from models.training.rows import DATA, Row, digest_of, packed_lines
from routerd.core.features import TASKS

FILE = "flips.tsv.gz"
KIND = "offshoot"
LEAST, MOST = 0.25, 2.0
"""How far a task's weight goes down and up, so that offshoots want what people want as often as they do."""

Offshoot = tuple[int, float, str]
"""Task, complexity 0..1, text."""


def offshoots(rows: Sequence[Row], share: float, data: Path = DATA) -> list[Row]:
    """Return what grew out of `rows`, with labels of its own and `share` of its prompt's weight.

    A task that is rarer there than among `rows` weighs more, one that is more frequent less. No
    language is told. A share of 0 returns none. Raises: as `load_offshoots`.
    """
    known = load_offshoots(FILE, data) if share else {}
    found = [(row, one) for row in rows for one in known.get(digest_of(row.text), ())]
    ratios = _ratios([row.task for row in rows], [task for _, (task, _, _) in found])
    return [
        replace(
            row,
            text=text,
            task=task,
            complexity=complexity,
            language=None,
            kind=KIND,
            weight=row.weight * share * ratios[task],
            original="",
        )
        for row, (task, complexity, text) in found
    ]


def _ratios(wanted: Sequence[int], there: Sequence[int]) -> Mapping[int, float]:
    """Return for each task that is `there` how much rarer it is than wanted."""
    asked, grown = Counter(wanted), Counter(there)
    return {
        task: min(max(asked[task] / len(wanted) / (count / len(there)), LEAST), MOST)
        for task, count in grown.items()
    }


@cache
def load_offshoots(name: str, data: Path = DATA) -> Mapping[str, Sequence[Offshoot]]:
    """Return digest of a prompt -> what grew out of it, as a file of that form tells.

    Raises: FileNotFoundError without the file, ValueError for a line that is none.
    """
    known = defaultdict(list)
    for line in packed_lines(data / name):
        digest, task, level, text = line.split("\t")
        known[digest].append((TASKS.index(task), (int(level) - 1) / 4, text))
    return known

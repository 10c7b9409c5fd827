"""Says people's prompts in plain words beside them, when they are taught once more.

Readers wrote for each prompt, from its text alone, what its author wants, in one English sentence
(`data/WISHES.md` is their guide): "the button is on the left??" is "Fix the button's position". The
same label on both lets the network learn what was meant, not only how somebody put it.
`data/wishes.tsv.gz` has a line a prompt: the first 16 hex digits of its SHA-256, the sentence.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from models.training.rows import DATA, WISH, Row, digest_of

FILE = "wishes.tsv.gz"


def wishes_of(rows: Sequence[Row], share: float, data: Path = DATA) -> tuple[list[int], list[Row]]:
    """Return places in `rows` of those whose wish is known, and a row for each wish.

    It has the prompt's labels and `share` of its weight; `original` names the prompt. A share of 0
    returns none.
    """
    known = load_wishes(data) if share else {}
    places, wishes = [], []
    for at, row in enumerate(rows):
        wish = known.get(digest_of(row.text), "")
        if wish and wish.lower() != row.text.lower():
            places.append(at)
            wishes.append(
                replace(
                    row,
                    text=wish,
                    kind=WISH,
                    weight=row.weight * share,
                    original=digest_of(row.text),
                )
            )
    return places, wishes


@cache
def load_wishes(data: Path = DATA) -> Mapping[str, str]:
    """Return digest of a prompt -> what its author wants.

    Raises: FileNotFoundError without the file, ValueError for a line that is none.
    """
    known = {}
    for line in gzip.decompress((data / FILE).read_bytes()).decode().splitlines():
        digest, wish = line.split("\t")
        known[digest] = wish
    return known

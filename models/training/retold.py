"""Says people's prompts in other words beside them, when they are taught once more.

Readers wrote for each prompt, from its text alone, what its author wants, in one plain English
sentence, how others would have typed the same, and what somebody in another project would have typed in
the same situation and manner (`data/RETOLD.md` is their guide): "the button is on the left??" is "Fix the
button's position", "why did the save btn end up on the wrong side", and "the tide chart starts at
noon??". The same label on all lets the network learn what was meant, not how somebody put it nor what it
was about. A line of the files is a prompt: the first 16 hex digits of its SHA-256, the sentence.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from models.training.rows import DATA, RETOLD, Row, digest_of, packed_lines

FILES = ("wishes.tsv.gz", "variants.tsv.gz", "variants_later.tsv.gz", "twins.tsv.gz")


def retold(rows: Sequence[Row], share: float, data: Path = DATA) -> tuple[list[int], list[Row]]:
    """Return places in `rows` of those that were said in other words, and a row for each time.

    It has the prompt's labels and `share` of its weight; `original` names the prompt. A share of 0
    returns none.
    """
    known = load_retold(data) if share else {}
    places, others = [], []
    for at, row in enumerate(rows):
        digest = digest_of(row.text)
        for text in known.get(digest, ()):
            if text.lower() != row.text.lower():
                weight = row.weight * share
                places.append(at)
                others.append(replace(row, text=text, kind=RETOLD, weight=weight, original=digest))
    return places, others


@cache
def load_retold(data: Path = DATA) -> Mapping[str, Sequence[str]]:
    """Return digest of a prompt -> it in other words.

    Raises: FileNotFoundError without the files, ValueError for a line that is none.
    """
    known = defaultdict(list)
    for name in FILES:
        for line in packed_lines(data / name):
            digest, text = line.split("\t")
            known[digest].append(text)
    return known

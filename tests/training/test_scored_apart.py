"""Prompts that score or calibrate the model are said nowhere in what readers wrote for its training."""

import json
import re
from collections.abc import Iterator

import pytest

from models.training.offshoots import FILE as FLIPS
from models.training.retold import FILES as RETOLD
from models.training.rows import DATA, UNTAUGHT, packed_lines

SESSIONS = "same_sessions.tsv.gz"
FEWEST_WORDS = 5
"""What is shorter, "yes do it" or "fix the tests", many people type; it gives no prompt away."""


def said(text: str) -> str:
    """Return the words of a text, letter case and punctuation aside."""
    return " ".join(re.findall(r"\w+", text.lower()))


def scored() -> Iterator[str]:
    for folder in UNTAUGHT:
        for line in (DATA / folder / "real.jsonl").read_text(encoding="utf-8").splitlines():
            words = said(json.loads(line)["prompt"])
            if words.count(" ") >= FEWEST_WORDS - 1:
                yield words


@pytest.mark.parametrize("name", [*RETOLD, FLIPS, SESSIONS])
def test_no_line_says_a_scored_prompt(name: str) -> None:
    kept_apart = set(scored())
    assert len(kept_apart) > 900
    lines = packed_lines(DATA / name)
    assert len(lines) > 9000
    assert not [line for line in lines if said(line.rpartition("\t")[2]) in kept_apart]

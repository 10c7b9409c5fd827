"""Characters that the base tokenizer lacks, put where its vocabulary has unused places.

all-MiniLM-L6-v2 knows 488 Chinese characters of the many thousand; half of what people type in
Chinese, and a fifth in Japanese, was one and the same unknown piece. Its vocabulary has 994 places
that no text ever reaches. They take the characters most used in prompts, and each begins where
the mean of a few English words for it lies (`data/characters.tsv`, written for this project).
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

CHARACTERS = Path(__file__).parent / "data" / "characters.tsv"


@cache
def characters() -> dict[str, str]:
    """Return character -> English words for it, most used first."""
    lines = CHARACTERS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line)


def with_characters(tokenizer: str, added: Sequence[str]) -> str:
    """Return a tokenizer's JSON in which `added` stand in its unused places.

    What it knows already is passed over; ids and size of the vocabulary stay. Raises: ValueError
    when there are more characters than places.
    """
    content = json.loads(tokenizer)
    vocabulary = content["model"]["vocab"]
    missing = [character for character in added if character not in vocabulary]
    places = sorted(
        (name for name in vocabulary if name.startswith("[unused")), key=vocabulary.__getitem__
    )
    if len(missing) > len(places):
        raise ValueError(f"{len(missing)} characters for {len(places)} unused places")
    for character, place in zip(missing, places, strict=False):
        vocabulary[character] = vocabulary.pop(place)
    return json.dumps(content, ensure_ascii=False)


def extended(base: Path) -> str:
    """Return the tokenizer at `base` with the characters and without padding and truncation."""
    added = with_characters(base.read_text(encoding="utf-8"), tuple(characters()))
    tokenizer = Tokenizer.from_str(added)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return str(tokenizer.to_str())


def lacking(tokenizer: str) -> set[str]:
    """Return the characters that a tokenizer's JSON does not know."""
    return characters().keys() - json.loads(tokenizer)["model"]["vocab"].keys()


def beginnings(base: Path) -> dict[int, list[int]]:
    """Return the place of every added character -> the base's pieces of its English words."""
    known = base.read_text(encoding="utf-8")
    before, after = Tokenizer.from_str(known), Tokenizer.from_str(extended(base))
    return {
        after.token_to_id(one): before.encode(characters()[one], add_special_tokens=False).ids
        for one in lacking(known)
    }

"""Characters and words that the base tokenizer lacks, each beginning at its English words.

all-MiniLM-L6-v2 reads English: it knows 488 Chinese characters of the many thousand and spells
Russian letter by letter. Its vocabulary has 994 places that no text ever reaches; they take the
characters most used in prompts (`data/characters.tsv`). After its last place stand words and set
phrases of other languages (`data/words.tsv`). Each begins where the mean of a few English words
for it lies. Both files were written for this project.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

DATA = Path(__file__).parent / "data"
CHARACTERS = DATA / "characters.tsv"
WORDS = DATA / "words.tsv"
UNTOLD = "mixed"
"""The language of words that nobody sorted."""

_WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


@cache
def characters() -> dict[str, str]:
    """Return character -> English words for it, most used first."""
    return _glosses(CHARACTERS)


@cache
def words() -> dict[str, str]:
    """Return word of another language -> English words for it."""
    return _glosses(WORDS)


@cache
def tongues() -> tuple[dict[str, list[str]], ...]:
    """Return, language by language, English word -> the words that mean just that."""
    found: dict[str, dict[str, list[str]]] = {}
    for word, gloss, tongue in _lines(WORDS):
        if tongue != UNTOLD:
            found.setdefault(tongue, {}).setdefault(gloss, []).append(word)
    return tuple(found.values())


def _glosses(path: Path) -> dict[str, str]:
    return {word: gloss for word, gloss, *_ in _lines(path)}


def _lines(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]


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


def with_words(tokenizer: str, added: Sequence[str]) -> str:
    """Return a tokenizer's JSON with `added` after its last place.

    Words of languages written without spaces (and Korean, whose words grow endings) are found
    anywhere in a text, the longest first; others as whole words, in lower case and without
    accents, as the tokenizer reads. What it knows already is passed over.
    """
    content = json.loads(tokenizer)
    vocabulary = content["model"]["vocab"]
    place = max(vocabulary.values()) + 1
    for word in _whole(tokenizer, added):
        if word not in vocabulary:
            vocabulary[word] = place
            place += 1
    for word in added:
        if _WITHOUT_SPACES.search(word) and word not in vocabulary:
            content["added_tokens"].append(_found_anywhere(word, place))
            place += 1
    return json.dumps(content, ensure_ascii=False)


def _whole(tokenizer: str, added: Sequence[str]) -> dict[str, str]:
    """Return what the tokenizer makes of each word that stands between spaces -> the word.

    The first of those that look alike to it stands for all.
    """
    normalizer = Tokenizer.from_str(tokenizer).normalizer
    found: dict[str, str] = {}
    for word in added:
        if not _WITHOUT_SPACES.search(word):
            found.setdefault(normalizer.normalize_str(word), word)
    return found


def _found_anywhere(word: str, place: int) -> dict[str, Any]:
    free = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    return {"id": place, "content": word, **free}


def plain(base: Path) -> str:
    """Return the tokenizer at `base` as JSON, without padding and truncation.

    The base's file pads every text to 128 pieces and cuts it there; English words would lie near
    the padding's place.
    """
    tokenizer = Tokenizer.from_file(str(base))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return str(tokenizer.to_str())


@cache
def extended(base: Path) -> str:
    """Return the tokenizer at `base`, `plain`, with all additions."""
    added = with_words(with_characters(plain(base), tuple(characters())), tuple(words()))
    return str(Tokenizer.from_str(added).to_str())


def beginnings(base: Path, known: str = "") -> dict[int, list[int]]:
    """Return place -> the base's pieces of its English words, for what `known` lacks.

    `known` is a tokenizer's JSON, the base's by default.
    """
    told = plain(base)
    before, after = Tokenizer.from_str(told), Tokenizer.from_str(extended(base))
    has = Tokenizer.from_str(known or told).get_vocab()
    return {
        place: before.encode(gloss, add_special_tokens=False).ids
        for name, gloss in _named(told).items()
        if name not in has and (place := after.token_to_id(name)) is not None
    }


def _named(tokenizer: str) -> Mapping[str, str]:
    """Return the additions by the names they have in the vocabulary -> English words."""
    glosses = words()
    whole = {name: glosses[word] for name, word in _whole(tokenizer, tuple(glosses)).items()}
    apart = {word: gloss for word, gloss in glosses.items() if _WITHOUT_SPACES.search(word)}
    return {**apart, **whole, **characters()}

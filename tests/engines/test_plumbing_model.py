import hashlib
from pathlib import Path

import pytest

from models.plumbing.make_gguf import REPLY, Vocabulary, segment, write_gguf
from routerd.engines.gguf import read_metadata

FOLDER = Path(__file__).parents[2] / "models" / "plumbing"


def test_the_model_is_what_its_recipe_makes(tmp_path: Path) -> None:
    write_gguf(tmp_path / "rebuilt.gguf")
    assert (tmp_path / "rebuilt.gguf").read_bytes() == (FOLDER / "plumbing.gguf").read_bytes()


def test_the_card_names_its_sum_and_licence() -> None:
    card = (FOLDER / "CARD.md").read_text(encoding="utf-8")
    raw = (FOLDER / "plumbing.gguf").read_bytes()
    assert hashlib.sha256(raw).hexdigest() in card
    assert "CC0" in card
    assert REPLY in " ".join(card.replace("\n>", " ").split())
    assert len(raw) < 500_000


def test_the_model_says_what_it_is() -> None:
    found = read_metadata(FOLDER / "plumbing.gguf")
    assert (found.name, found.context_tokens) == ("plumbing-check", 32768)


@pytest.mark.parametrize(
    "reply", [REPLY, "a a a b a a", "one", "x y x y x y", "to be or not to be", "🌍 und 🌍 und 🌍"]
)
def test_a_reply_is_cut_into_pieces_of_which_none_comes_twice(reply: str) -> None:
    pieces = segment(reply)
    assert "".join(pieces) == reply
    assert len(set(pieces)) == len(pieces)
    vocabulary = Vocabulary(reply)
    assert len(set(vocabulary.chain)) == len(vocabulary.chain)
    assert len(set(vocabulary.texts)) == len(vocabulary.texts)

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from models.training import vocabulary

SHIPPED = Path(__file__).parents[2] / "models" / "router" / "tokenizer.json"


def tokenizer(*words: str) -> str:
    """Return the JSON of a small tokenizer that treats Chinese as the base one does."""
    pieces = {word: at for at, word in enumerate(("[UNK]", *words))}
    made = Tokenizer(WordPiece(pieces, unk_token="[UNK]"))  # noqa: S106  # a piece, no secret
    made.normalizer = BertNormalizer()
    made.pre_tokenizer = BertPreTokenizer()
    made.enable_truncation(4)
    return str(made.to_str())


def test_characters_take_unused_places_and_ids_stay() -> None:
    changed = json.loads(
        vocabulary.with_characters(tokenizer("[unused1]", "fix", "[unused0]", "元"), ("改", "元"))
    )
    assert changed["model"]["vocab"] == {"[UNK]": 0, "改": 1, "fix": 2, "[unused0]": 3, "元": 4}


def test_more_characters_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="2 characters for 1 unused places"):
        vocabulary.with_characters(tokenizer("[unused1]"), ("改", "写"))


def test_an_added_character_begins_at_its_english_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "tokenizer.json"
    base.write_text(tokenizer("[unused7]", "change", "modify", "unit"), encoding="utf-8")
    monkeypatch.setattr(vocabulary, "characters", lambda: {"改": "change modify"})
    assert vocabulary.lacking(base.read_text(encoding="utf-8")) == {"改"}
    assert vocabulary.beginnings(base) == {1: [2, 3]}
    read = Tokenizer.from_str(vocabulary.extended(base))
    # Five pieces: the length that was baked into the file is gone as well.
    assert read.encode("改 unit 改 unit unit").ids == [1, 4, 1, 4, 4]


def test_every_character_has_english_words_of_its_own() -> None:
    found = vocabulary.characters()
    assert len(found) == 994
    assert all(len(one) == 1 and words.isascii() and words for one, words in found.items())


def test_the_shipped_tokenizer_reads_chinese() -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    read = Tokenizer.from_str(shipped)
    assert vocabulary.lacking(shipped) == set()
    assert "[UNK]" not in read.encode("帮我修复这个报错然后补充单元测试").tokens

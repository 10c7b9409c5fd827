import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from models.training import vocabulary

SHIPPED = Path(__file__).parents[2] / "models" / "router" / "tokenizer.json"


def tokenizer(*words: str) -> str:
    """Return the JSON of a small tokenizer that treats Chinese as the base one does."""
    pieces = {word: at for at, word in enumerate(("[UNK]", *words))}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": {
                "max_length": 4,
                "strategy": "LongestFirst",
                "stride": 0,
                "direction": "Right",
            },
            "padding": None,
            "added_tokens": [],
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": pieces,
            },
        }
    )


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
    assert vocabulary.lacking(base) == ["改"]
    assert vocabulary.beginnings(base) == {1: [2, 3]}
    read = Tokenizer.from_str(vocabulary.extended(base))
    # Five pieces: the length that was baked into the file is gone as well.
    assert read.encode("改 unit 改 unit unit").ids == [1, 4, 1, 4, 4]


def test_every_character_has_english_words_of_its_own() -> None:
    found = vocabulary.characters()
    assert len(found) == 994
    assert all(len(one) == 1 and words.isascii() and words for one, words in found.items())


def test_the_shipped_tokenizer_reads_chinese() -> None:
    read = Tokenizer.from_file(str(SHIPPED))
    assert vocabulary.lacking(SHIPPED) == []
    assert "[UNK]" not in read.encode("帮我修复这个报错然后补充单元测试").tokens

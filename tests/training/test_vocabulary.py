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
    made.enable_padding(length=4)
    return str(made.to_str())


def test_characters_take_unused_places_and_ids_stay() -> None:
    changed = json.loads(
        vocabulary.with_characters(tokenizer("[unused1]", "fix", "[unused0]", "元"), ("改", "元"))
    )
    assert changed["model"]["vocab"] == {"[UNK]": 0, "改": 1, "fix": 2, "[unused0]": 3, "元": 4}


def test_more_characters_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="2 characters for 1 unused places"):
        vocabulary.with_characters(tokenizer("[unused1]"), ("改", "写"))


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of a small tokenizer; one character and four words are to be added."""
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer("[unused7]", "change", "modify", "unit", "add"), encoding="utf-8")
    monkeypatch.setattr(vocabulary, "characters", lambda: {"改": "change modify"})
    added = {
        "Añade": "add",
        "修复": "change",
        "変更して": "modify",
        "修复单元": "change unit",
        "add": "add",
    }
    monkeypatch.setattr(vocabulary, "words", lambda: added)
    return path


def test_an_addition_begins_at_its_english_words(base: Path) -> None:
    assert vocabulary.beginnings(base) == {1: [2, 3], 6: [5], 7: [2], 8: [3], 9: [2, 4]}
    # What a tokenizer knows already does not begin anew.
    some = vocabulary.with_words(base.read_text(encoding="utf-8"), ("añade", "修复"))
    assert vocabulary.beginnings(base, some) == {1: [2, 3], 8: [3], 9: [2, 4]}


def test_additions_are_read(base: Path) -> None:
    read = Tokenizer.from_str(vocabulary.extended(base))
    # Six pieces: the length that was baked into the file is gone as well.
    assert read.encode("改 unit 改 unit unit add").ids == [1, 4, 1, 4, 4, 5]
    assert read.encode("ANADE añade añades").ids == [6, 6, 0]
    assert read.encode("修复unit,请修复单元").ids == [7, 4, 0, 0, 9]
    assert read.encode("unitを変更して").ids == [0, 8]


def test_every_addition_has_english_words_of_its_own() -> None:
    assert len(vocabulary.characters()) == 994
    assert all(len(one) == 1 for one in vocabulary.characters())
    for word, gloss in {**vocabulary.characters(), **vocabulary.words()}.items():
        assert word == word.strip()
        assert gloss
        assert gloss.isascii()


def test_fourteen_languages_can_say_what_is_asked() -> None:
    tongues = vocabulary.tongues()
    assert len(tongues) == 14
    # What Vietnamese says for "fix" and "add" looks like English words without its accents.
    assert all("explain" in tongue for tongue in tongues)
    assert sum({"fix", "add"} <= tongue.keys() for tongue in tongues) == 13


def test_the_shipped_tokenizer_reads_other_languages() -> None:
    read = Tokenizer.from_str(SHIPPED.read_text(encoding="utf-8"))
    known = read.get_vocab()
    assert all(character in known for character in vocabulary.characters())
    assert "[UNK]" not in read.encode("帮我修复这个报错然后补充单元测试").tokens
    assert read.encode("修复报错", add_special_tokens=False).tokens == ["修复", "报错"]
    assert read.encode("añade", add_special_tokens=False).tokens == ["anade"]

import pytest

from routerd.understanding.model_files import ModelUnusable
from routerd.understanding.tokens import TokenReader
from tests.understanding.tiny_model import TINY_TOKENIZER

FIRST, LAST = 1, 2


def test_a_short_text_is_neither_padded_nor_cut() -> None:
    ids = TokenReader(TINY_TOKENIZER, 16).encode("fix the bug")
    assert ids.tolist() == [[FIRST, 3, 4, 5, LAST]]


def test_an_empty_text_is_its_two_special_tokens() -> None:
    assert TokenReader(TINY_TOKENIZER, 16).encode("").tolist() == [[FIRST, LAST]]


def test_a_long_text_keeps_head_and_tail_within_the_budget() -> None:
    ids = TokenReader(TINY_TOKENIZER, 16).encode("fix " + "the " * 40 + "bug bug bug")[0].tolist()
    assert len(ids) == 16
    assert ids[:2] == [FIRST, 3]
    assert ids[-4:] == [5, 5, 5, LAST]


def test_a_huge_text_is_cut_before_it_is_tokenised() -> None:
    ids = TokenReader(TINY_TOKENIZER, 16).encode("fix " + "the " * 2_000_000 + "bug")[0].tolist()
    assert len(ids) == 16
    assert (ids[1], ids[-2]) == (3, 5)


def test_a_tokenizer_that_pads_and_truncates_is_told_not_to() -> None:
    padding = b'"padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_to_multiple_of": '
    padding += b'null, "pad_id": 0, "pad_type_id": 0, "pad_token": "[UNK]"}'
    spoilt = TINY_TOKENIZER.replace(b'"padding": null', padding)
    assert spoilt != TINY_TOKENIZER
    assert TokenReader(spoilt, 16).encode("fix").shape == (1, 3)


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xfe", b"not json"])
def test_what_is_no_tokenizer_is_called_corrupt(raw: bytes) -> None:
    with pytest.raises(ModelUnusable, match=r"^corrupt: the tokenizer"):
        TokenReader(raw, 16)

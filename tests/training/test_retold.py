from pathlib import Path

import pytest

from models.training.retold import load_retold, retold
from models.training.rows import RETOLD, Row, digest_of
from tests.training.packed import pack
from tests.training.peoples import taught_prompts

PROMPT = "the button is on the left??"


def row(text: str) -> Row:
    return Row(text, 2, 0.5, None, "some/repository", "harvested", "harvested", 3.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    digest = digest_of(PROMPT)
    pack(
        tmp_path / "wishes.tsv.gz",
        f"{digest}\tFix the button's position",
        f"{digest_of('Run the tests')}\trun the tests",
    )
    pack(tmp_path / "variants.tsv.gz", f"{digest}\tsave btn is on the wrong side")
    pack(tmp_path / "variants_later.tsv.gz")
    pack(tmp_path / "twins.tsv.gz", f"{digest}\tthe tide chart starts at noon??")
    return tmp_path


def test_other_words_have_their_prompts_labels_and_a_share_of_its_weight(data: Path) -> None:
    prompts = [row("hello"), row(PROMPT)]
    places, others = retold(prompts, 0.5, data)
    assert places == [1, 1, 1]
    assert [one.text for one in others] == [
        "Fix the button's position",
        "save btn is on the wrong side",
        "the tide chart starts at noon??",
    ]
    for one in others:
        assert (one.task, one.complexity, one.group) == (2, 0.5, "some/repository")
        assert (one.weight, one.kind) == (1.5, RETOLD)
        assert one.original == digest_of(PROMPT)


def test_what_says_the_same_already_is_not_said_twice(data: Path) -> None:
    assert retold([row("Run the tests")], 0.5, data) == ([], [])


def test_without_a_share_nothing_is_said(data: Path) -> None:
    assert retold([row(PROMPT)], 0.0, data) == ([], [])


def test_a_line_that_is_none_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "wishes.tsv.gz", "0123456789abcdef Fix it")
    with pytest.raises(ValueError, match="unpack"):
        load_retold(tmp_path)


def test_nearly_every_prompt_that_people_typed_is_said_in_other_words() -> None:
    typed = taught_prompts()
    assert len(set(retold(typed, 1.0)[0])) > 0.95 * len(typed)

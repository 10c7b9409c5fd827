import gzip
from pathlib import Path

import pytest

from models.training.rows import WISH, Row, digest_of, load_rows
from models.training.wishes import load_wishes, wishes_of


def row(text: str) -> Row:
    return Row(text, 2, 0.5, None, "some/repository", "harvested", "harvested", 3.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    known = {
        "the button is on the left??": "Fix the button's position",
        "Run the tests": "run the tests",
    }
    lines = [f"{digest_of(text)}\t{wish}\n" for text, wish in known.items()]
    (tmp_path / "wishes.tsv.gz").write_bytes(gzip.compress("".join(lines).encode()))
    return tmp_path


def test_a_wish_has_its_prompts_labels_and_a_share_of_its_weight(data: Path) -> None:
    prompts = [row("hello"), row("the button is on the left??")]
    places, wishes = wishes_of(prompts, 0.5, data)
    assert places == [1]
    (wish,) = wishes
    assert wish.text == "Fix the button's position"
    assert (wish.task, wish.complexity, wish.group) == (2, 0.5, "some/repository")
    assert (wish.weight, wish.kind) == (1.5, WISH)
    assert wish.original == digest_of(prompts[1].text)


def test_what_says_the_same_already_is_not_said_twice(data: Path) -> None:
    assert wishes_of([row("Run the tests")], 0.5, data) == ([], [])


def test_without_a_share_nothing_is_said(data: Path) -> None:
    assert wishes_of([row("the button is on the left??")], 0.0, data) == ([], [])


def test_a_line_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wishes.tsv.gz").write_bytes(gzip.compress(b"0123456789abcdef Fix it\n"))
    with pytest.raises(ValueError, match="unpack"):
        load_wishes(tmp_path)


def test_nearly_every_prompt_that_people_typed_has_one() -> None:
    typed = [one for one in load_rows() if one.by_people and one.is_taught]
    assert len(wishes_of(typed, 1.0)[0]) > 0.95 * len(typed)

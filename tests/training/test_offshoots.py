from pathlib import Path

import pytest

from models.training.offshoots import FILE, KIND, load_offshoots, offshoots
from models.training.rows import Row, digest_of
from routerd.core.features import TASKS
from tests.training.packed import pack
from tests.training.peoples import taught_prompts

PROMPT = "why is the button on the left"
GENERATION, EXPLANATION = TASKS.index("generation"), TASKS.index("explanation")


def row(text: str, task: int) -> Row:
    return Row(text, task, 0.5, 3, "some/repository", "harvested", "harvested", 3.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    digest = digest_of(PROMPT)
    flips = [
        f"{digest}\tgeneration\t5\tput the button on the left",
        f"{digest}\toperations\t1\tpush the button's commit",
    ]
    pack(tmp_path / FILE, *flips)
    return tmp_path


def test_what_grew_out_of_a_prompt_has_labels_of_its_own(data: Path) -> None:
    grown = offshoots([row("hello", GENERATION), row(PROMPT, EXPLANATION)], 0.5, data)
    assert [(one.text, TASKS[one.task], one.complexity) for one in grown] == [
        ("put the button on the left", "generation", 1.0),
        ("push the button's commit", "operations", 0.0),
    ]
    for one in grown:
        assert (one.language, one.kind, one.group) == (None, KIND, "some/repository")
        assert one.by_people
        assert one.original == ""


def test_tasks_weigh_as_often_as_people_ask_for_them(data: Path) -> None:
    asked, never = offshoots([row("hello", GENERATION), row(PROMPT, EXPLANATION)], 0.5, data)
    # Generation is half of the prompts and of what grew, operations are none of the prompts.
    assert (asked.weight, never.weight) == (1.5, 0.375)
    asked, often = offshoots([row(PROMPT, GENERATION)], 0.5, data)
    assert (asked.weight, often.weight) == (3.0, 0.375)


def test_without_a_share_nothing_grows(data: Path) -> None:
    assert offshoots([row(PROMPT, EXPLANATION)], 0.0, data) == []


@pytest.mark.parametrize(
    "line", ["0123 generation 2 fix", "0123\tbaking\t2\tcake", "0\ttesting\tx\ty"]
)
def test_a_line_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    pack(tmp_path / FILE, line)
    with pytest.raises(ValueError, match=r"unpack|not in tuple|invalid literal"):
        load_offshoots(FILE, tmp_path)


def test_nearly_every_prompt_that_people_typed_has_some() -> None:
    typed = taught_prompts()
    for name in (FILE, "same_sessions.tsv.gz"):
        known = load_offshoots(name)
        assert sum(digest_of(one.text) in known for one in typed) > 0.95 * len(typed)


def test_a_flip_wants_another_kind_of_work() -> None:
    flips = load_offshoots(FILE)
    typed = taught_prompts()
    same = [
        one for one in typed for flip in flips.get(digest_of(one.text), ()) if flip[0] == one.task
    ]
    assert not same

from pathlib import Path

import pytest

from models.training.rows import DATA, Origin, Row, digest_of, make_row, records, to_request
from routerd.core.features import TASKS
from routerd.understanding.input_text import build_input
from tests.training.packed import pack
from tests.training.peoples import peoples, taught_prompts

torch = pytest.importorskip("torch")

READINGS = "text_alone.tsv.gz"
GENERATION, DEBUGGING = TASKS.index("generation"), TASKS.index("debugging")


def _row(prompt: str, origin: Origin) -> Row:
    value = {"prompt": prompt, "task": "generation", "complexity": 1, "language": "none"}
    return make_row(value, origin, "somebody/something")


def test_a_reading_moves_peoples_labels_by_half_and_models_ones_by_more(tmp_path: Path) -> None:
    from models.training.finetune import Soft
    from models.training.text_alone import PEOPLES, WRITTEN_BY_MODELS, with_readers

    typed = _row("the popup should close on escape", "harvested")
    ours = _row("the popup closes on escape now", "written")
    made = _row("close the popup on escape", "generated")
    pack(
        tmp_path / READINGS,
        *(f"{digest_of(row.text)}\tdebugging 75 generation 25\t3.0" for row in (typed, ours, made)),
    )
    said = torch.nn.functional.one_hot(torch.tensor([GENERATION] * 3), len(TASKS)).float()
    rows, soft = with_readers(
        [typed, ours, made], Soft(said, torch.tensor([0.8, 0.8, 1])), tmp_path
    )

    assert soft.task[0, DEBUGGING] == pytest.approx(0.75 * PEOPLES)
    assert soft.task[2, DEBUGGING] == pytest.approx(0.75 * WRITTEN_BY_MODELS)
    assert soft.task.sum(-1) == pytest.approx(1.0)
    assert soft.share.tolist() == pytest.approx([1.0, 0.8, 1.0])
    assert [row.complexity for row in rows] == pytest.approx(
        [0.5 * PEOPLES, 0.0, 0.5 * WRITTEN_BY_MODELS]
    )
    # Whoever saw the session knows the task; of a model's prompt nobody did.
    assert [TASKS[row.task] for row in rows] == ["generation", "generation", "debugging"]


def test_a_reading_is_all_that_is_known_of_a_prompt_of_a_written_history(tmp_path: Path) -> None:
    from models.training.finetune import Soft
    from models.training.text_alone import SESSION, with_readers

    value = {"prompt": "it closes by itself", "task": "debugging", "complexity": 2.4}
    row = make_row({**value, "kind": SESSION}, "written", "written/sessions")
    pack(tmp_path / READINGS, f"{digest_of(row.text)}\tdebugging 75 generation 25\t2.4")
    said = torch.nn.functional.one_hot(torch.tensor([DEBUGGING]), len(TASKS)).float()
    rows, soft = with_readers([row], Soft(said, torch.tensor([0.8])), tmp_path)
    assert soft.task[0, [DEBUGGING, GENERATION]].tolist() == pytest.approx([0.75, 0.25])
    assert soft.share.tolist() == [1.0]
    assert rows[0].complexity == pytest.approx(0.35)


def test_every_prompt_of_a_written_history_has_its_reading() -> None:
    from models.training.text_alone import SESSION, load_readings

    readings = load_readings()
    # The texts alone: whole rows, with their languages, take five times as long.
    digests = {
        digest_of(build_input(to_request(value)))
        for _, value in records(DATA, "written")
        if value.get("kind") == SESSION
    }
    assert len(digests) > 70_000
    assert readings.keys() >= digests


def test_what_nobody_read_stays_as_it_is(tmp_path: Path) -> None:
    from models.training.finetune import Soft
    from models.training.text_alone import with_readers

    row = _row("add a flag", "harvested")
    pack(tmp_path / READINGS, f"{digest_of('add two flags')}\ttesting 100\t3.0")
    before = Soft(torch.full((1, len(TASKS)), 0.1), torch.tensor([0.8]))
    rows, soft = with_readers([row], before, tmp_path)
    assert rows == [row]
    assert torch.equal(soft.task, before.task)
    assert torch.equal(soft.share, before.share)


def test_every_taught_prompt_of_people_was_read_and_none_that_scores() -> None:
    from models.training.text_alone import load_readings

    readings = load_readings()
    taught = taught_prompts()
    assert sum(digest_of(row.text) in readings for row in taught) / len(taught) > 0.98
    assert not [
        row for row in peoples() if row.origin == "held_out" and digest_of(row.text) in readings
    ]
    assert all(0.0 <= one.complexity <= 1.0 for one in readings.values())


def test_kinds_move_the_labels_of_people_s_prompts_alone(tmp_path: Path) -> None:
    from models.training.finetune import Soft
    from models.training.text_alone import OF_KINDS, with_kinds

    typed = _row("the popup should close on escape", "harvested")
    unread = _row("close it", "harvested")
    ours = _row("the popup closes on escape now", "written")
    pack(
        tmp_path / "aspects.tsv.gz",
        *(f"{digest_of(row.text)}\tR u 1 c 1\tb2 60 b5 20 g2 20" for row in (typed, ours)),
    )
    said = torch.nn.functional.one_hot(torch.tensor([GENERATION] * 3), len(TASKS)).float()
    soft = with_kinds([typed, unread, ours], Soft(said, torch.ones(3)), tmp_path)
    assert soft.task[0, DEBUGGING] == pytest.approx(0.8 * OF_KINDS)
    assert soft.task[0, GENERATION] == pytest.approx(1 - 0.8 * OF_KINDS)
    assert soft.task[1:, GENERATION].tolist() == [1.0, 1.0]

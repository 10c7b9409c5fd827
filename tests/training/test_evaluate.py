import json
from pathlib import Path

import pytest

from models.training.evaluate import HELD_OUT, evaluate
from tests.understanding.tiny_model import REAL_MODEL


def test_a_file_of_labelled_prompts_is_scored_as_the_daemon_reads_it(tmp_path: Path) -> None:
    rows = [
        {"prompt": "/explain", "task": "explanation", "complexity": 1, "language": "none"},
        {"prompt": "write pytest tests for dates.py", "task": "testing", "language": "python"},
        {"prompt": "commit and push", "task": "operations", "complexity": 1, "language": "none"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    report = evaluate(REAL_MODEL, path)
    assert (report["rows"], report["accuracy"]) == (3, 1.0)
    assert report["language"]["named_accuracy"] == 1.0
    assert set(report["same_task"]) > {"typos", "mean"}


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="missing"):
        evaluate(tmp_path)


def test_the_held_out_prompts_are_many() -> None:
    assert len(HELD_OUT.read_text(encoding="utf-8").splitlines()) > 400

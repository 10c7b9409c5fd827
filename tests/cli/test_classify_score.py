import io
import json
import random
from pathlib import Path

import pytest
from rich.console import Console

from routerd.cli import classify_score
from routerd.cli.main import main
from routerd.core.errors import InvalidRequest

ROWS = [
    {"prompt": "/explain", "task": "explanation", "complexity": 1, "language": "none"},
    {"prompt": "write pytest tests for dates.py", "task": "testing", "language": "python"},
    {"prompt": "commit and push", "task": "operations", "complexity": 1, "language": "none"},
    {
        "messages": [
            {"role": "user", "content": "write a csv parser in rust"},
            {"role": "assistant", "content": "done"},
            {"role": "user", "content": "and tests for it"},
        ],
        "task": "testing",
    },
]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def test_labelled_prompts_are_scored_by_the_installed_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "rows.jsonl", ROWS)
    assert main(["classify", "--score", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["accuracy"]) == (4, 1.0)
    assert report["language"]["named_rows"] == 1
    assert report["same_task"]["editor's wrapper"] == 1.0
    page = Console(file=io.StringIO(), width=120)
    classify_score.show(report, page)
    assert "100.0% right" in page.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "hi", "task": "cooking"}, "'task' must be one of"),
        ({"prompt": "hi", "task": "other", "complexity": 9}, "'complexity' must be 1 to 5"),
        ({"task": "other"}, "'prompt' must be a string"),
    ],
)
def test_a_line_that_cannot_be_scored_is_named(
    tmp_path: Path, row: dict[str, object], said: str
) -> None:
    path = written(tmp_path / "rows.jsonl", [ROWS[0], row])
    with pytest.raises(InvalidRequest, match=r"rows\.jsonl:2") as caught:
        classify_score.read(path)
    assert said in caught.value.message


def test_a_file_without_lines_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="holds no labelled prompt"):
        classify_score.read(written(tmp_path / "rows.jsonl", []))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="can't be read"):
        classify_score.read(tmp_path / "none.jsonl")


def test_chance_is_fixed() -> None:
    assert random.Random(classify_score.SEED).random() == pytest.approx(0.4523795535098186)

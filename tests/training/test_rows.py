import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from models.training.rows import LANGUAGES, group_of, load_rows, make_row, to_request
from models.training.split import folds
from routerd.core.features import TASKS
from routerd.understanding.input_text import build_input


def record(**changes: Any) -> dict[str, Any]:
    return {
        "prompt": "add a flag",
        "task": "generation",
        "complexity": 3,
        "language": "go",
        **changes,
    }


@pytest.mark.parametrize(
    ("source", "group"),
    [
        ("entire-checkpoints:entireio/cli", "entireio/cli"),
        ("commit-subject:a/b", "a/b"),
        ("ide-template:a/b file.ts x code:c/d", "a/b"),
        ("a/b HumanEvalFix", "a/b"),
        ("written/editor", "written/editor"),
        ("tool-prompt:aicommits x diff:c/d", "tool-prompt:aicommits"),
    ],
)
def test_a_source_is_grouped_by_its_repository(source: str, group: str) -> None:
    assert group_of(source) == group


def test_a_row_carries_the_text_the_daemon_would_read() -> None:
    value = record(prompt="<user_query>add a flag</user_query>")
    row = make_row(value, "real", "a/b")
    assert row.text == "add a flag" == build_input(to_request(value))
    assert (TASKS[row.task], row.complexity) == ("generation", 0.5)
    assert row.language == LANGUAGES.index("go")


def test_a_conversation_becomes_its_messages() -> None:
    value = record(
        messages=[
            {"role": "user", "content": "write a csv parser"},
            {"role": "assistant", "content": "done"},
            {"role": "user", "content": "and tests"},
        ]
    )
    assert make_row(value, "written", "a").text == "and tests\nearlier: write a csv parser"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"prompt": "<PRE> a <SUF> b <MID>"}, "completion"),
        ({"prompt": "yes"}, "other"),
        ({}, ""),
        (
            {
                "messages": [
                    {"role": "user", "content": "add a"},
                    {"role": "user", "content": "yes"},
                ]
            },
            "inherited",
        ),
    ],
)
def test_rows_the_daemon_s_rules_answer_say_so(changes: dict[str, Any], rule: str) -> None:
    assert make_row(record(**changes), "real", "a/b").rule == rule


def test_sources_without_people_s_prompts_are_never_left_out() -> None:
    rows = [
        make_row(record(), "real", "a/b"),
        make_row(record(prompt="add a key"), "real", "c/d"),
        make_row(record(prompt="add a test"), "written", "written/editor"),
    ]
    assert not any(mask[2] for _, mask in folds(rows))


def test_unknown_labels_are_left_open() -> None:
    value = record(language="unknown")
    del value["complexity"]
    row = make_row(value, "constructed", "a/b")
    assert (row.complexity, row.language) == (None, None)


def test_a_task_outside_the_taxonomy_is_refused() -> None:
    with pytest.raises(ValueError, match="cooking"):
        make_row(record(task="cooking"), "real", "a/b")


def test_a_repeat_keeps_the_label_a_person_gave(tmp_path: Path) -> None:
    for name, task in (("real", "review"), ("constructed", "generation")):
        line = json.dumps(record(task=task, source="a/b", licence="MIT")) + "\n"
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    (row,) = load_rows(tmp_path)
    assert (row.origin, TASKS[row.task]) == ("real", "review")


def test_every_judged_row_is_left_out_once_and_never_with_its_source_on_the_other_side() -> None:
    rows = [
        make_row(record(prompt=f"add flag {n}"), "real", f"owner/repo{n % 7}") for n in range(700)
    ]
    parts = folds(rows)
    assert (sum(mask.astype(int) for _, mask in parts) == 1).all()
    for _, mask in parts:
        inside = {row.group for row, out in zip(rows, mask, strict=True) if out}
        outside = {row.group for row, out in zip(rows, mask, strict=True) if not out}
        assert not inside & outside


def test_the_shipped_data_load_and_carry_only_free_licences() -> None:
    data = Path(__file__).parents[2] / "models" / "training" / "data"
    for name in ("real", "constructed"):
        text = gzip.decompress((data / f"{name}.jsonl.gz").read_bytes()).decode("utf-8")
        licences = {json.loads(line)["licence"] for line in text.split("\n") if line}
        assert not [licence for licence in licences if "SA" in licence or "no LICENSE" in licence]
    tasks = {row.task for row in load_rows() if not row.rule}
    assert tasks == set(range(len(TASKS)))

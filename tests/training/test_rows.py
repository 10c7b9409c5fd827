import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from models.training.repeats import near_repeats
from models.training.rows import (
    DATA,
    LANGUAGES,
    ORIGINS,
    digest_of,
    group_of,
    load_rows,
    make_row,
    records,
    to_request,
)
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
    assert make_row(value, "written", "a").text == "and tests"


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


def test_a_language_that_nothing_in_the_text_shows_is_not_taught() -> None:
    assert make_row(record(), "written", "written/editor").language is None
    shown = make_row(record(prompt="add a flag to main.go"), "written", "written/editor")
    assert shown.language == LANGUAGES.index("go")


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


def test_a_text_that_scores_the_model_is_never_taught(tmp_path: Path) -> None:
    line = json.dumps(record(source="a/b", licence="MIT")) + "\n"
    (tmp_path / "held_out").mkdir()
    (tmp_path / "held_out" / "real.jsonl").write_text(line, encoding="utf-8")
    (tmp_path / "real.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    assert [row.origin for row in load_rows(tmp_path)] == ["held_out"]


def test_held_out_sources_share_no_repository_with_those_taught() -> None:
    groups = {
        origin: {group_of(source) for source, _ in records(DATA, origin)} for origin in ORIGINS
    }
    assert len(groups["held_out"]) > 30
    assert len(groups["calibration"]) > 20
    taught = groups["real"] | groups["harvested"] | groups["constructed"]
    assert not groups["held_out"] & (taught | groups["calibration"])
    assert not groups["calibration"] & taught


def test_nothing_written_repeats_a_held_out_prompt() -> None:
    held_out, written = (
        [str(record.get("prompt", "")) for _, record in records(DATA, origin)]
        for origin in ("held_out", "written")
    )
    texts = [*held_out, *(text for text in written if text)]
    pairs = near_repeats(texts, of_first=len(held_out))
    # A bare "hi" is a greeting in every source; the loader drops exact repeats from what is taught.
    copied = {held_out[a] for a, b in pairs if a < len(held_out) <= b}
    assert not [text for text in copied if len(text) > 12]


def test_every_translation_names_a_text_that_is_taught() -> None:
    # The texts alone: whole rows, with their languages, take five times as long.
    taught_by = ("real", "harvested", "written")
    values = [value for origin in taught_by for _, value in records(DATA, origin)]
    taught = {digest_of(build_input(to_request(value))) for value in values}
    said = [value["original"] for value in values if "original" in value]
    assert len(said) > 4000
    assert taught.issuperset(said)


def test_the_shipped_data_load_and_carry_only_free_licences() -> None:
    data = Path(__file__).parents[2] / "models" / "training" / "data"
    for name in ("real", "constructed"):
        text = gzip.decompress((data / f"{name}.jsonl.gz").read_bytes()).decode("utf-8")
        licences = {json.loads(line)["licence"] for line in text.split("\n") if line}
        assert not [licence for licence in licences if "SA" in licence or "no LICENSE" in licence]
    tasks = set()
    for origin in ORIGINS:
        # Every twentieth: reading all 33,000 takes ten seconds and tells no more.
        for source, value in islice(records(DATA, origin), 0, None, 20):
            tasks.add(make_row(value, origin, source).task)
    assert tasks == set(range(len(TASKS)))

"""Outcome files: three forms, one meaning; a faulty one is refused with its reason."""

import gzip
import json
from pathlib import Path

import pytest

from routerd.core.candidate import Price
from routerd.core.errors import InvalidRequest
from routerd.replay.records import Answer, Tariff, read_problems, read_tariffs

ROWS = [
    {"problem_id": "1", "source": "s", "prompt": "do", "model": "a", "passed": 1.0,
     "prompt_tokens": 7, "output_tokens": 9.0},
    {"problem_id": "1", "source": "s", "prompt": "", "model": "b", "passed": 0.25,
     "prompt_tokens": 7, "output_tokens": None},
    {"problem_id": "2", "source": "s", "prompt": "x" * 330, "model": "a", "passed": 0.0},
]  # fmt: skip


def jsonl(rows: list[dict[str, object]]) -> str:
    return "\n".join(map(json.dumps, rows)) + "\n"


def test_json_lines_are_gathered_by_problem(tmp_path: Path) -> None:
    file = tmp_path / "o.jsonl"
    file.write_text(jsonl(ROWS), encoding="utf-8")
    first, second = read_problems(file)
    assert (first.id, first.source, first.prompt, first.input_tokens) == ("1", "s", "do", 7)
    assert first.answers == {"a": Answer(1.0, 9.0), "b": Answer(0.25, 0.0)}
    assert second.input_tokens == 100  # estimated from its length


def test_csv_packed_or_not_says_the_same(tmp_path: Path) -> None:
    text = "problem_id,source,prompt,model,passed,output_tokens\n1,s,do,a,1.0,9\n1,s,,b,0.25,\n"
    plain, packed = tmp_path / "o.csv", tmp_path / "o.csv.gz"
    plain.write_text(text, encoding="utf-8")
    packed.write_bytes(gzip.compress(text.encode()))
    assert read_problems(plain) == read_problems(packed)
    assert read_problems(plain)[0].answers == {"a": Answer(1.0, 9.0), "b": Answer(0.25, 0.0)}


def test_parquet_says_the_same_as_json_lines(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file, lines = tmp_path / "o.parquet", tmp_path / "o.jsonl"
    parquet.write_table(arrow.Table.from_pylist(ROWS), file)
    lines.write_text(jsonl(ROWS), encoding="utf-8")
    assert read_problems(file) == read_problems(lines)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("o.jsonl", '{"problem_id": 1}\n', "source"),
        ("o.jsonl", "nonsense\n", "row"),
        ("o.jsonl", jsonl([{**ROWS[0], "passed": 2.0}]), "0..1"),
        ("o.jsonl", jsonl([{**ROWS[0], "passed": float("nan")}]), "0..1"),
        ("o.txt", "", ".parquet"),
        ("o.parquet", "no parquet", "can't be read"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match="o\\.") as caught:
        read_problems(file)
    assert says in caught.value.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="can't be read"):
        read_problems(tmp_path / "none.jsonl")
    with pytest.raises(InvalidRequest, match="can't be read"):
        read_tariffs(tmp_path / "none.json")


def test_tariffs_are_prices_with_a_zone(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(
        '{"a": {"input": 1, "output": 2, "zone": "cloud", "params_b": null}}', encoding="utf-8"
    )
    assert read_tariffs(file) == {"a": Tariff(Price(1.0, 0.0, 2.0), "cloud", 0.0)}


@pytest.mark.parametrize(
    "text",
    ["[]", '{"a": 3}', '{"a": {"input": -1, "output": 2, "zone": "cloud"}}',
     '{"a": {"input": 1, "output": 2, "zone": "moon"}}', "{"],
)  # fmt: skip
def test_faulty_tariffs_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match="must map models"):
        read_tariffs(file)

from pathlib import Path

import pytest

from routerd.understanding.model_files import ModelUnusable, read_labels, read_verified
from tests.understanding.tiny_model import REAL_MODEL, copy_model


def test_the_shipped_labels_name_all_ten_tasks() -> None:
    labels = read_labels(REAL_MODEL)
    assert len(labels.tasks) == 10
    assert labels.languages[0] == "none"
    assert set(labels.sha256) == {"model.onnx", "tokenizer.json"}


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_the_shipped_files_match_their_checksums(name: str) -> None:
    assert read_verified(REAL_MODEL, name, read_labels(REAL_MODEL))


def test_the_shipped_model_is_small_enough_for_the_repository() -> None:
    assert (REAL_MODEL / "model.onnx").stat().st_size <= 30_000_000


def test_an_absent_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"^missing: .*labels\.json does not exist"):
        read_labels(tmp_path)


def test_an_unreadable_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "labels.json").mkdir()
    with pytest.raises(ModelUnusable, match=r"^missing: "):
        read_labels(tmp_path)


def test_a_wrong_checksum_is_corrupt(tmp_path: Path) -> None:
    folder = copy_model(tmp_path)
    with (folder / "tokenizer.json").open("ab") as file:
        file.write(b" ")
    with pytest.raises(ModelUnusable, match=r"^corrupt: .*does not match the sha256"):
        read_verified(folder, "tokenizer.json", read_labels(folder))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"tasks": ["cooking"]}', "\x00"],
)
def test_labels_that_make_no_sense_are_corrupt(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelUnusable, match=r"^corrupt: "):
        read_labels(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"tasks": ["cooking"]},
        {"tasks": []},
        {"task_temperature": 0},
        {"files": []},
        {"files": {"a": 1}},
    ],
)
def test_labels_out_of_range_are_corrupt(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(ModelUnusable, match=r"^corrupt: "):
        read_labels(copy_model(tmp_path, **change))

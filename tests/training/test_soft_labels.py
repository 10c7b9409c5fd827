import gzip
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from routerd.core.features import TASKS


def test_a_readers_label_goes_before_the_teachers_and_counts_more(tmp_path: Path) -> None:
    from models.training.soft_labels import READ_WEIGHT, READER_SHARE, load_generated

    said = {"explanation": 0.6, "review": 0.4}
    records = [
        {"text": "check this", "task": said, "complexity": 0.3, "language": None},
        {"text": "and that", "task": said, "read": "review", "complexity": 0.3, "language": None},
    ]
    lines = "\n".join(json.dumps(record) for record in records)
    (tmp_path / "generated.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (unread, read), shares = load_generated(tmp_path)
    review = TASKS.index("review")
    assert TASKS[unread.task] == "explanation"
    assert TASKS[read.task] == "review"
    assert read.weight == pytest.approx(unread.weight * READ_WEIGHT)
    assert shares[1, review] == pytest.approx(READER_SHARE + (1 - READER_SHARE) * 0.4)
    assert shares.sum(1) == pytest.approx(1.0)

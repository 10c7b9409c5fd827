import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from routerd.understanding.model_files import ModelUnusable
from routerd.understanding.onnx_session import OnnxSession
from tests.understanding.tiny_model import REAL_MODEL

ROOT = Path(__file__).parents[2]

# Runs in a process of its own: an import hook notes what the variable held when the library's
# import began.
PROBE = """
import json, os, sys

class Watch:
    seen = []
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            self.seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
        return None

sys.meta_path.insert(0, Watch())
from routerd.understanding.classifier import OnnxUnderstanding
early = "onnxruntime" in sys.modules
from pathlib import Path
understanding = OnnxUnderstanding(Path(sys.argv[1]))
understanding.load()
understanding.close()
print(json.dumps({"early": early, "seen": Watch.seen}))
"""


@pytest.fixture(scope="module")
def session() -> OnnxSession:
    return OnnxSession((REAL_MODEL / "model.onnx").read_bytes())


def test_telemetry_is_off_before_onnxruntime_is_imported_even_where_ci_is_unset() -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "ORT_DISABLE_TELEMETRY")
    }
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(REAL_MODEL)],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == {"early": False, "seen": ["1"]}


def test_outputs_have_their_shapes_and_the_embedding_length_one(session: OnnxSession) -> None:
    outputs = session.run(np.asarray([[101, 2023, 2003, 102]]))
    assert outputs.emb.shape == (384,)
    assert outputs.emb.dtype == np.float32
    assert outputs.task.shape == (10,)
    assert 0.0 <= outputs.complexity <= 1.0
    assert float(np.linalg.norm(outputs.emb)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("length", [2, 17, 256])
def test_any_length_up_to_the_budget_runs(session: OnnxSession, length: int) -> None:
    outputs = session.run(np.full((1, length), 2023))
    assert np.isfinite(outputs.task).all()


def test_the_model_s_bytes_are_let_go_once_it_is_loaded() -> None:
    raw = (REAL_MODEL / "model.onnx").read_bytes()
    before = sys.getrefcount(raw)
    session = OnnxSession(raw)
    assert sys.getrefcount(raw) == before
    assert np.isfinite(session.run(np.asarray([[101, 102]])).task).all()


def test_the_same_ids_give_the_same_outputs(session: OnnxSession) -> None:
    ids = np.asarray([[101, 2023, 2003, 102]])
    assert session.run(ids).emb.tobytes() == session.run(ids).emb.tobytes()


@pytest.mark.parametrize("raw", [b"", b"no model", b"\x08\x08" * 50])
def test_what_is_no_model_is_called_corrupt(raw: bytes) -> None:
    with pytest.raises(ModelUnusable, match=r"^corrupt: onnxruntime refuses"):
        OnnxSession(raw)


def test_a_cut_model_is_called_corrupt() -> None:
    raw = (REAL_MODEL / "model.onnx").read_bytes()
    with pytest.raises(ModelUnusable, match=r"^corrupt: "):
        OnnxSession(raw[: len(raw) // 2])


def test_a_model_of_another_kind_is_called_corrupt() -> None:
    # The smallest ONNX file: one Identity node, from `x` to `y`, written out by hand.
    value = b"\n\x01%s\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01"
    graph = (
        b'\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01g'
        b"Z\x0f" + value.replace(b"%s", b"x") + b"b\x0f" + value.replace(b"%s", b"y")
    )
    raw = b"\x08\x08:" + bytes([len(graph)]) + graph + b"B\x04\n\x00\x10\x11"
    with pytest.raises(ModelUnusable, match="lacks the outputs"):
        OnnxSession(raw)

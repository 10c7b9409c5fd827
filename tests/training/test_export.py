import numpy as np
import pytest

pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")


def test_nodes_lose_their_names_and_nothing_else() -> None:
    # Needs torch, so it waits for the check above.
    from models.training.export import drop_node_names

    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["x", "weight"], ["inner"], name="a/long/name"),
            helper.make_node("Neg", ["inner"], ["y"], name="another/one"),
        ],
        "two nodes",
        [helper.make_tensor_value_info("x", kind, [2])],
        [helper.make_tensor_value_info("y", kind, [2])],
        [onnx.numpy_helper.from_array(np.ones(2, np.float32), "weight")],
        value_info=[helper.make_tensor_value_info("inner", kind, [2])],
    )
    model = helper.make_model(graph)
    drop_node_names(model)
    left = model.graph
    assert [node.name for node in left.node] == ["", ""]
    assert [(node.op_type, list(node.output)) for node in left.node] == [
        ("Add", ["inner"]),
        ("Neg", ["y"]),
    ]
    assert [entry.name for entry in left.initializer] == ["weight"]
    assert [value.name for value in left.value_info] == ["inner"]

"""Puts each layer's attention into one node of the exported graph.

The exporter writes it as eleven, which write the scores of all heads down, mask them and read them
back. onnxruntime's own `MultiHeadAttention` reads them block by block where no token is padding
(flash attention, Dao 2022; its CPU kernel takes no mask), so that node stands in an `If` on the
mask: the daemon reads one text at a time and never pads, a padded batch takes the masked twin.
Layers after tokens were merged (`merging.py`) add the logarithm of how many each state stands for.
"""

from collections.abc import Iterable, Mapping

import onnx
from onnx import NodeProto, TensorProto, helper
from onnxruntime.quantization.onnx_model import ONNXModel

DOMAIN = "com.microsoft"
MASK, WHOLE = "attention_mask", "no_token_is_padding"
_KEY_MASK = "attention_mask_int32"
_ON_THE_WAY = {"Transpose", "Reshape", "Mul", "Div"}
"""What stands between the heads' products and the projections of query, key and value."""


def fuse_attention(model: onnx.ModelProto, heads: int) -> int:
    """Replace every attention of `heads` heads in `model`; return how many there were.

    Outputs stay the same but for the order of sums. Raises: ValueError when a softmax is found
    that is none of an attention as the exporter writes it.
    """
    graph = model.graph
    links = ONNXModel(model)
    makers, readers = links.output_name_to_node(), links.input_name_to_nodes()
    fused = dict(
        _fused(node, makers, readers, heads) for node in graph.node if node.op_type == "Softmax"
    )
    if fused:
        nodes = [*_looks_at_mask(), *(fused.get(node.output[0], node) for node in graph.node)]
        _keep_what_is_read(graph, nodes)
        if all(entry.domain != DOMAIN for entry in model.opset_import):
            model.opset_import.append(helper.make_opsetid(DOMAIN, 1))
    return len(fused)


def _fused(
    softmax: NodeProto,
    makers: Mapping[str, NodeProto],
    readers: Mapping[str, list[NodeProto]],
    heads: int,
) -> tuple[str, NodeProto]:
    """Return the name of what the attention around `softmax` gives, and the node that gives it."""
    try:
        mixed = _expect(readers[softmax.output[0]][0], "MatMul")
        turned = _expect(readers[mixed.output[0]][0], "Transpose")
        result = _expect(readers[turned.output[0]][0], "Reshape").output[0]
        masked = _expect(makers[softmax.input[0]], "Add")
        scores, bias = makers[masked.input[0]], masked.input[1]
        while scores.op_type != "MatMul":
            scores = makers[scores.input[0]]
        parts = [_projection(name, makers) for name in (*scores.input, mixed.input[1])]
    except (KeyError, IndexError) as error:
        raise ValueError(f"no attention around {softmax.output[0]}") from error
    if _follows(bias, "Log", makers):
        return result, _attention([*parts, "", "", bias], result, heads)
    return result, _either(parts, result, heads)


def _expect(node: NodeProto, kind: str) -> NodeProto:
    if node.op_type != kind:
        raise ValueError(f"{node.output[0]} is made by {node.op_type}, not {kind}")
    return node


def _projection(name: str, makers: Mapping[str, NodeProto]) -> str:
    """Return the tensor [batch, tokens, heads * size] of which `name` is the heads' view."""
    while makers[name].op_type in _ON_THE_WAY:
        name = makers[name].input[0]
    return name


def _follows(name: str, kind: str, makers: Mapping[str, NodeProto]) -> bool:
    """Return whether `name` is made, at some distance, by a node of this `kind`."""
    node = makers.get(name)
    if node is None:
        return False
    return node.op_type == kind or any(_follows(one, kind, makers) for one in node.input)


def _looks_at_mask() -> Iterable[NodeProto]:
    yield helper.make_node("ReduceMin", [MASK], ["least_of_mask"], keepdims=0)
    yield helper.make_node("Cast", ["least_of_mask"], [WHOLE], to=TensorProto.BOOL)
    yield helper.make_node("Cast", [MASK], [_KEY_MASK], to=TensorProto.INT32)


def _either(parts: list[str], result: str, heads: int) -> NodeProto:
    """Return the node that attends without a mask where no token is padding, else with it."""
    branches = {
        f"{side}_branch": _branch([*parts, *mask], f"{result}_{side}", heads)
        for side, mask in (("then", []), ("else", ["", _KEY_MASK]))
    }
    return helper.make_node("If", [WHOLE], [result], **branches)


def _branch(inputs: list[str], output: str, heads: int) -> onnx.GraphProto:
    told = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
    return helper.make_graph([_attention(inputs, output, heads)], output, [], [told])


def _attention(inputs: list[str], output: str, heads: int) -> NodeProto:
    return helper.make_node("MultiHeadAttention", inputs, [output], domain=DOMAIN, num_heads=heads)


def _keep_what_is_read(graph: onnx.GraphProto, nodes: list[NodeProto]) -> None:
    """Give `graph` those of `nodes`, weights and shapes that lead to an output."""
    read = {value.name for value in graph.output}
    kept = []
    for node in reversed(nodes):
        if read.isdisjoint(node.output):
            continue
        kept.append(node)
        inner = [inside for part in node.attribute for inside in part.g.node]
        for reader in (node, *inner):
            read.update(filter(None, reader.input))
    made = {name for node in kept for name in node.output}
    weights = [entry for entry in graph.initializer if entry.name in read]
    shapes = [value for value in graph.value_info if value.name in made]
    for field, values in (
        (graph.node, reversed(kept)),
        (graph.initializer, weights),
        (graph.value_info, shapes),
    ):
        copies = list(values)
        del field[:]
        field.extend(copies)

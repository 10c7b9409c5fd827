"""Reads a shipped graph back into the network, so that training goes on where it ended.

The graph holds int8 weights; read back they give the same task on about 95 % of texts, which a
few hundred steps mend. Far cheaper than starting from the base model each time data grows.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization.onnx_model import ONNXModel
from tokenizers import Tokenizer
from torch.nn import functional

from models.training.encoder import WIDTH, give_meaning, tokenizer_json
from models.training.model import Classifier, keep_neurons

_STEPS_TO_BIAS = 6
_PREFIX = "network."
_WORDS = "bert.embeddings.word_embeddings"
Arrays = dict[str, NDArray[np.generic]]


def read_back(graph: Path, layers: tuple[int, ...] | None = None) -> Classifier:
    """Return the network that `graph` was exported from, as near as int8 kept it.

    `layers` are those of the base model that it has, None for all. Characters and words that the
    tokenizer beside it lacks begin at their English words. The linear model beside
    it is taught anew each time, so it is not read.
    Raises: ValueError when the graph was exported from another network.
    """
    model = onnx.load(graph)
    stored = {
        entry.name.removeprefix(_PREFIX): numpy_helper.to_array(entry)
        for entry in model.graph.initializer
    }
    network = Classifier(layers, _width(stored)).eval()
    state = network.state_dict()
    found = {**_named(state, stored), **_anonymous(model, stored)}
    missing = [name for name in state if name not in found and ".pooler." not in name]
    if missing:
        raise ValueError(f"{graph} lacks {missing[:3]}; it was made from another network")
    _spread(found, stored)
    _roughen(found, stored)
    known = (graph.parent / "tokenizer.json").read_text(encoding="utf-8")
    for name, values in found.items():
        kept = torch.tensor(np.ascontiguousarray(values), dtype=state[name].dtype)
        if name == f"{_WORDS}.weight":
            _place(kept, state[name], known)
        else:
            state[name] = kept.reshape(state[name].shape)
    network.load_state_dict(state)
    give_meaning(network.bert, known)
    return network


def _spread(found: Arrays, stored: Arrays) -> None:
    """Give every place of the vocabulary a row of its own again (`shared_rows`)."""
    row_of = stored.get(f"{_WORDS}.row_of")
    if row_of is not None:
        found[f"{_WORDS}.weight"] = found[f"{_WORDS}.weight"][row_of]


def _roughen(found: Arrays, stored: Arrays) -> None:
    """Give smoothed weights back what their inputs were divided by (`smoothing`)."""
    for name, even in stored.items():
        if name.endswith(".even"):
            weight = f"{name.removesuffix('even')}weight"
            found[weight] = found[weight] * even


def lean_back(network: Classifier, layers: tuple[int, ...] | None, share: float) -> None:
    """Move the encoder's weights by `share` towards the base model's; the heads stay.

    Both lie in one valley: with a fifth of the base a taught network reads new sources as well,
    with three fifths still six in seven of those (README.md).
    """
    base = Classifier(layers)
    for layer, first in zip(network.bert.encoder.layer, base.bert.encoder.layer, strict=True):
        keep_neurons(first, _same_neurons(layer, first))
    with torch.no_grad():
        for moved, first in zip(network.bert.parameters(), base.bert.parameters(), strict=True):
            moved.lerp_(first, share)


def _same_neurons(layer: Any, first: Any) -> torch.Tensor:
    """Return which neurons of a base layer those of a taught one have been."""
    ours, theirs = (
        functional.normalize(one.intermediate.dense.weight, dim=1) for one in (layer, first)
    )
    return (ours @ theirs.T).argmax(dim=1)


def _place(kept: torch.Tensor, places: torch.Tensor, known: str) -> None:
    """Put the rows of `kept`, as the tokenizer `known` counts them, where today's has them."""
    before = Tokenizer.from_str(known).get_vocab()
    after = Tokenizer.from_str(tokenizer_json()).get_vocab()
    both = [name for name in before if name in after]
    places[[after[name] for name in both]] = kept[[before[name] for name in both]]


def _width(stored: Arrays) -> int:
    """Return the neurons between the halves of a layer: the bias of the first half is named."""
    biases = (name for name in stored if name.endswith("intermediate.dense.bias"))
    name = next(biases, None)
    return WIDTH if name is None else len(stored[name])


def _named(state: dict[str, torch.Tensor], stored: Arrays) -> Arrays:
    """Return the weights that kept their names: as they are, rounded, or rounded and turned."""
    found: Arrays = {}
    for name in state:
        if name in stored:
            found[name] = stored[name]
        elif f"{name}_quantized" in stored:
            found[name] = _widened(name, stored)
        elif f"{name}_Transposed_quantized" in stored:
            found[name] = _widened(f"{name}_Transposed", stored).T
    return found


def _anonymous(model: onnx.ModelProto, stored: Arrays) -> Arrays:
    """Return the weights of matrix products, which the exporter renames, by the bias added next."""
    readers = ONNXModel(model).input_name_to_nodes()
    found: Arrays = {}
    for name in stored:
        if name.startswith("onnx::MatMul") and name.endswith("_quantized"):
            bias = _bias_after(readers[name][0], readers)
            weight = _widened(name.removesuffix("_quantized"), stored)
            found[f"{bias.removesuffix('bias')}weight"] = weight.T
    return found


def _bias_after(node: onnx.NodeProto, readers: dict[str, list[onnx.NodeProto]]) -> str:
    """Walk down from a product to the bias that is added to it. Raises: ValueError."""
    for _ in range(_STEPS_TO_BIAS):
        following = readers.get(node.output[0], [])
        for candidate in following:
            for name in candidate.input:
                if name.startswith(_PREFIX) and name.endswith(".bias"):
                    return str(name).removeprefix(_PREFIX)
        if not following:
            break
        node = following[0]
    raise ValueError(f"no bias follows {node.output[0]}")


def _widened(name: str, stored: Arrays) -> NDArray[np.float32]:
    """Return int8 weights as float32: (stored - zero point) * scale."""
    rounded = stored[f"{name}_quantized"].astype(np.float32)
    scale = stored[f"{name}_scale"].astype(np.float32)
    zero = stored[f"{name}_zero_point"].astype(np.float32)
    result: NDArray[np.float32] = (rounded - zero) * scale
    return result

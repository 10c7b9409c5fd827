"""Writes the model folder: one int8 ONNX graph, its tokenizer, labels and checksums."""

import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from models.training.attention import fuse_attention
from models.training.encoder import HEADS, tokenizer_json
from models.training.rows import LANGUAGES
from routerd.core.features import TASKS

OUTPUTS = ["emb", "task", "complexity", "language"]
MAX_MODEL_BYTES = 30_000_000


def export_graph(network: torch.nn.Module, work: Path) -> Path:
    """Write the float graph and its int8 twin into `work`; return the twin's path.

    Weights are quantised per channel: per tensor, cosine to the float embedding falls from 0.994
    to 0.951. The heads (Gemm nodes) stay float; they are small and decide.
    """
    work.mkdir(parents=True, exist_ok=True)
    graph = network.eval()
    ids = torch.tensor([[101, 2023, 2003, 1037, 3231, 102]])
    batch = {0: "batch", 1: "tokens"}
    with torch.no_grad(), warnings.catch_warnings():
        # The TorchScript exporter says on every call that it is the older one; it is five times
        # faster here and gives the graph that onnxruntime fuses best.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            (ids, torch.ones_like(ids)),
            str(work / "float.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=OUTPUTS,
            dynamic_axes={
                "input_ids": batch,
                "attention_mask": batch,
                **{name: {0: "batch"} for name in OUTPUTS},
            },
            opset_version=17,
            dynamo=False,
        )
    target = work / "int8.onnx"
    quantize_dynamic(
        work / "float.onnx",
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather"],
    )
    model = onnx.load(target)
    fuse_attention(model, HEADS)
    drop_node_names(model)
    onnx.save(model, target)
    return target


def drop_node_names(model: onnx.ModelProto) -> None:
    """Take the names of nodes, which nothing reads, out of `model`: 41 kB.

    Values keep their names, by which `resume.py` finds weights again, and their shapes: without them
    onnxruntime fuses other nodes.
    """
    for node in model.graph.node:
        node.name = ""


def write_model(
    model: Path, out: Path, facts: dict[str, Any], card: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    """Put model, tokenizer, labels and card into `out`; return what stands in labels.json.

    `card` writes the card from the labels; `facts` are version, date, task_temperature and whatever else shall be told.
    Raises: ValueError when the model is larger than a repository should carry.
    """
    raw = model.read_bytes()
    if len(raw) > MAX_MODEL_BYTES:
        raise ValueError(
            f"the model is {len(raw):,} bytes; at most {MAX_MODEL_BYTES:,} are allowed"
        )
    files = {"model.onnx": raw, "tokenizer.json": tokenizer_json().encode()}
    labels = {
        **facts,
        "tasks": list(TASKS),
        "languages": list(LANGUAGES),
        "outputs": OUTPUTS,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
        },
    }
    files["labels.json"] = (json.dumps(labels, indent=1) + "\n").encode()
    files["CARD.md"] = card(labels).encode()
    replace_files(out, files)
    return labels


def replace_files(out: Path, files: Mapping[str, bytes]) -> None:
    """Put `files` into `out`, all written aside first, so that readers see old or new ones.

    The renames are four, not one: a reader in between finds a checksum that does not fit and
    says so; it never runs a mixture.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as aside:
        for name, content in files.items():
            (Path(aside) / name).write_bytes(content)
        for name in files:
            (Path(aside) / name).replace(out / name)

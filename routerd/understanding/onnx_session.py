"""Runs the classifier's ONNX graph; the only importer of onnxruntime.

It gets bytes that `model_files` has checked, never a path, so what was checked is what runs.
"""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routerd.understanding.model_files import ModelUnusable

EMBEDDING_DIMENSIONS = 384
OUTPUTS = ("emb", "task", "complexity", "language")

SLOWER = "SkipLayerNormFusion"
"""Addition and normalisation as one node take 0.25 ms on 128 tokens, as two 0.07 (2026-11-29)."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """One forward pass of one text: `emb` [384] unit, logits [tasks] and [languages], 0..1."""

    emb: NDArray[np.float32]
    task: NDArray[np.float32]
    complexity: float
    language: NDArray[np.float32]


class OnnxSession:
    """A loaded graph; `run` is called by one thread at a time."""

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        """Load the graph. Raises: ModelUnusable when onnxruntime refuses it."""
        runtime = _import_onnxruntime()
        options = runtime.SessionOptions()
        # One thread, no spinning: a second one spins against whatever else the machine does and
        # doubled the time on two busy cores (measured 2026-11-23).
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # An arena keeps what the longest text needed for good: 5.6 MB, and no text is read sooner
        # (measured 2026-11-28).
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(
                model,
                sess_options=options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=[SLOWER],
            )
        except Exception as error:  # Its exception classes have no public base.
            raise ModelUnusable(
                f"corrupt: onnxruntime refuses the model ({type(error).__name__})"
            ) from error
        # It holds on to the bytes (30 MB) to load them anew on another provider; there is none.
        self._session.disable_fallback()
        self._session._model_bytes = None
        missing = set(OUTPUTS) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise ModelUnusable(f"corrupt: the model lacks the outputs {sorted(missing)}")
        self.provider = str(self._session.get_providers()[0])

    def run(self, ids: NDArray[np.int64]) -> Outputs:
        """Run one text. `ids`: [1, n] token ids. Returns the row's outputs."""
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        emb, task, complexity, language = self._session.run(list(OUTPUTS), feed)
        return Outputs(emb[0], task[0], float(complexity.reshape(-1)[0]), language[0])


def available_providers() -> tuple[str, ...]:
    """Return the execution providers this onnxruntime was built with. Raises: ImportError."""
    return tuple(_import_onnxruntime().get_available_providers())


def _import_onnxruntime() -> Any:
    """Import the library late and muted.

    Official builds from 1.29 on send telemetry by default, on Linux too, from import on; the
    variable must stand before that. Late, because it costs 0.1-0.3 s that a command line which
    never classifies must not pay.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime

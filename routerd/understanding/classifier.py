"""Reads requests with the classifier, off the event loop and within a budget.

It never fails a request: no model, a broken one, or a late answer give `Reading()`, and `state`
and the counters say so. Prompt text is never logged; the cache keeps digests of it alone.
"""

import asyncio
import hashlib
import logging
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import numpy as np
from numpy.typing import NDArray

from routerd.core.config import UnderstandingConfig
from routerd.core.features import Reading
from routerd.core.request import Request
from routerd.understanding.control_turns import is_steering
from routerd.understanding.editor_commands import CONFIDENCE, commanded_task
from routerd.understanding.input_text import build_input, is_fim
from routerd.understanding.language_clues import evident_language
from routerd.understanding.model_files import (
    MODEL_FILE,
    TOKENIZER_FILE,
    Labels,
    ModelUnusable,
    read_labels,
    read_verified,
)
from routerd.understanding.onnx_session import EMBEDDING_DIMENSIONS, OnnxSession, Outputs
from routerd.understanding.tokens import TokenReader

logger = logging.getLogger(__name__)

CACHED_READINGS = 256
USUAL = UnderstandingConfig()

FIM_READING = Reading(task="completion", task_confidence=1.0, complexity=0.2)
"""Markers say completion by construction. Complexity as labelled completions have it:
0.22 is the mean of 150."""

STEERING_READING = Reading(task="other", task_confidence=0.95, complexity=0.0)
"""A turn that asks nothing, in a request that holds no earlier ask either."""


class OnnxUnderstanding:
    """The `Understanding` of `core.ports`.

    `late` counts readings beyond the budget, `failed` those the model broke on. One worker
    thread owns the model; a forward pass can't be cancelled, its input length bounds it.
    """

    def __init__(
        self,
        model_dir: Path,
        *,
        max_tokens: int = USUAL.max_tokens,
        threads: int = USUAL.intra_op_threads,
        budget_ms: int = USUAL.budget_ms,
    ) -> None:
        self._model_dir = model_dir
        self._max_tokens = max_tokens
        self._threads = threads
        self._budget_s = budget_ms / 1000
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="understanding")
        self._model: _Model | None = None
        self._cache = _ReadingCache(CACHED_READINGS)
        self.state = "not loaded"
        self.late = 0
        self.failed = 0

    def load(self) -> None:
        """Load the model (blocks some 0.3 s); on trouble `state` says what, nothing is raised."""
        try:
            model = _Model(self._model_dir, self._max_tokens, self._threads)
        except ModelUnusable as error:
            self._model = None
            self.state = str(error)
            logger.warning("the classifier is off, requests count as task=other: %s", error)
            return
        self._model = model
        self.state = f"ready ({model.labels.version}, {model.provider})"

    async def read(self, request: Request) -> Reading:
        """Return the reading, `Reading()` where there is no model or it is late."""
        text, known = self._look(request)
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        with anyio.move_on_after(self._budget_s):
            # Not anyio's pool: its threads are shared with file reads that may block for long.
            return await loop.run_in_executor(self._worker, self._run, text)
        # Beyond the budget. The pass goes on and is cached, so a retry finds it.
        self.late += 1
        return Reading()

    def read_now(self, request: Request) -> Reading:
        """Return the reading in the calling thread, however long it takes."""
        text, known = self._look(request)
        return known if known is not None else self._run(text)

    def close(self) -> None:
        """Let go of the model; later readings are `Reading()`."""
        self._model = None
        self.state = "closed"
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _look(self, request: Request) -> tuple[str, Reading | None]:
        """Return the text to run and, where no run is needed, the reading."""
        if is_fim(request):
            return "", FIM_READING
        text = build_input(request)
        if is_steering(text):
            return text, STEERING_READING
        if self._model is None:
            return text, Reading()
        return text, self._cache.get(text)

    def _run(self, text: str) -> Reading:
        model = self._model
        if model is None:
            return Reading()
        try:
            reading = model.read(text)
        except Exception:
            self.failed += 1
            logger.exception("the classifier failed on a request; it counts as task=other")
            return Reading()
        self._cache.put(text, reading)
        return reading


class _Model:
    """Tokenizer, graph and labels that belong together."""

    def __init__(self, model_dir: Path, max_tokens: int, threads: int) -> None:
        """Load and try it once. Raises: ModelUnusable."""
        self.labels: Labels = read_labels(model_dir)
        self._tokens = TokenReader(
            read_verified(model_dir, TOKENIZER_FILE, self.labels), max_tokens
        )
        self._session = OnnxSession(
            read_verified(model_dir, MODEL_FILE, self.labels), threads=threads
        )
        self.provider = self._session.provider
        # The first pass allocates; it also shows whether the shapes fit the labels.
        try:
            self.read("def warm_up(): return 1")
        except Exception as error:
            raise ModelUnusable(
                f"corrupt: the model's outputs don't fit its labels ({type(error).__name__})"
            ) from error

    def read(self, text: str) -> Reading:
        """Run the model. Raises: ValueError when an output is not finite or has a wrong shape."""
        outputs = self._session.run(self._tokens.encode(text))
        self._check(outputs)
        task = _softmax(outputs.task / self.labels.task_temperature)
        best = int(task.argmax())
        commanded = commanded_task(text)
        return Reading(
            task=commanded or self.labels.tasks[best],
            task_confidence=CONFIDENCE if commanded else float(task[best]),
            complexity=min(max(outputs.complexity, 0.0), 1.0),
            language=evident_language(text) or self._language(outputs),
            embedding=_unit_bytes(outputs.emb),
        )

    def _language(self, outputs: Outputs) -> str:
        return self.labels.languages[int(outputs.language.argmax())]

    def _check(self, outputs: Outputs) -> None:
        shapes = (outputs.emb.shape, outputs.task.shape, outputs.language.shape)
        wanted = (EMBEDDING_DIMENSIONS,), (len(self.labels.tasks),), (len(self.labels.languages),)
        if shapes != wanted:
            raise ValueError(f"the model gave shapes {shapes}, its labels want {wanted}")
        arrays = (outputs.emb, outputs.task, outputs.language, np.asarray(outputs.complexity))
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("the model gave a value that is not finite")


class _ReadingCache:
    """The last readings by digest of their text; used by the event loop and the worker."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._readings: OrderedDict[bytes, Reading] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Reading | None:
        key = _digest(text)
        with self._lock:
            if key in self._readings:
                self._readings.move_to_end(key)
            return self._readings.get(key)

    def put(self, text: str, reading: Reading) -> None:
        with self._lock:
            self._readings[_digest(text)] = reading
            if len(self._readings) > self._size:
                self._readings.popitem(last=False)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8")).digest()


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    weights = np.exp((logits - logits.max()).astype(np.float64))
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _unit_bytes(vector: NDArray[np.float32]) -> bytes:
    """Scale to length one (int8 arithmetic leaves it near one) and pack as little-endian."""
    norm = float(np.linalg.norm(vector.astype(np.float64)))
    if norm == 0.0:
        raise ValueError("the model gave an empty embedding")
    return (vector / norm).astype("<f4").tobytes()

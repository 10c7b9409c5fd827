"""Embeds texts with an exported graph through the daemon's own session, and keeps the results."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.training.encoder import DIMENSIONS, Encoder, base_dir
from models.training.export import export_graph
from routerd.core.config import UnderstandingConfig
from routerd.understanding.onnx_session import OnnxSession
from routerd.understanding.tokens import TokenReader

MAX_TOKENS = UnderstandingConfig().max_tokens
"""Longest input that the daemon reads; see README.md."""
BASE_TOKENS = 256
WEIGHTS = "model.safetensors"


def base_graph(work: Path) -> tuple[Path, str]:
    """Write the base encoder's int8 graph; return its path and a digest of the base weights."""
    digest = hashlib.sha256((base_dir() / WEIGHTS).read_bytes()).hexdigest()
    return export_graph(BaseGraph(Encoder()), work / "base"), digest[:16]


class BaseGraph(torch.nn.Module):
    """The base encoder with empty stand-ins for the heads, as the daemon's session wants them."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """[b, n] ids and mask to the embedding and three slices of it."""
        emb = self.encoder(input_ids, attention_mask)
        return emb, emb[:, :10] + 0, emb[:, 0] + 0, emb[:, :2] + 0


def embed(
    texts: Sequence[str], model: Path, tokenizer: str, cache: Path, *, key: str
) -> NDArray[np.float32]:
    """Return unit vectors [n, 384]; `key` names the encoder, so a changed one starts afresh."""
    known = _load(cache, key)
    missing = [text for text in dict.fromkeys(texts) if _digest(text) not in known]
    if missing:
        session = OnnxSession(model.read_bytes(), threads=1)
        tokens = TokenReader(tokenizer.encode(), BASE_TOKENS)
        for number, text in enumerate(missing, start=1):
            known[_digest(text)] = session.run(tokens.encode(text)).emb
            if number % 2000 == 0:
                print(f"  embedded {number:,} of {len(missing):,}", flush=True)
        _save(cache, key, known)
    return np.stack([known[_digest(text)] for text in texts]).astype(np.float32)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _load(cache: Path, key: str) -> dict[str, NDArray[np.float32]]:
    path = cache / f"embeddings-{key}.npz"
    if not path.exists():
        return {}
    with np.load(path) as stored:
        return dict(zip(stored["digests"].tolist(), stored["vectors"], strict=True))


def _save(cache: Path, key: str, known: dict[str, NDArray[np.float32]]) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    vectors = np.stack(list(known.values())).reshape(-1, DIMENSIONS)
    np.savez(cache / f"embeddings-{key}.npz", digests=np.asarray(list(known)), vectors=vectors)

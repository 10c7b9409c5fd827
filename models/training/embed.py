"""Embeds texts with an exported graph through the daemon's own session, and keeps the results."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.encoder import DIMENSIONS
from routerd.understanding.onnx_session import OnnxSession
from routerd.understanding.tokens import TokenReader

MAX_TOKENS = 256


def embed(
    texts: Sequence[str], model: Path, tokenizer: str, cache: Path, *, key: str
) -> NDArray[np.float32]:
    """Return unit vectors [n, 384]; `key` names the encoder, so a changed one starts afresh."""
    known = _load(cache, key)
    missing = [text for text in dict.fromkeys(texts) if _digest(text) not in known]
    if missing:
        session = OnnxSession(model.read_bytes(), threads=1)
        tokens = TokenReader(tokenizer.encode(), MAX_TOKENS)
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

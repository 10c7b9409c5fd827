"""Tiny models for embeddings that real llama.cpp loads: an encoder of BERT's kind, and others."""

import random
import struct
from pathlib import Path

from models.plumbing import make_gguf

WIDTH, HEADS, TYPES = 32, 4, 2
_U32, _I32, _STRING = 4, 5, 8
# WordPiece as llama.cpp stores it: what begins a word carries a mark.
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁code", "▁cat", "▁dog", "▁test", "▁sort")
LETTERS = tuple(f"{mark}{chr(ord('a') + i)}" for mark in ("▁", "") for i in range(26))


def bert(path: Path, *, context_tokens: int = 512, pooling: int | None = 2, seed: int = 1) -> Path:
    """Write an encoder with seeded random weights; `pooling`: 1 mean, 2 cls, None says nothing."""
    tokens = (*WORDS, *LETTERS)
    dice = random.Random(seed)  # weights, not secrets

    def weights(name: str, *shape: int) -> make_gguf.Tensor:
        count = 1
        for size in shape:
            count *= size
        return (name, shape, [dice.gauss(0.0, 0.3) for _ in range(count)])

    def flat(name: str, value: float) -> make_gguf.Tensor:
        return (name, (WIDTH,), [value] * WIDTH)

    tensors = [
        weights("token_embd.weight", WIDTH, len(tokens)),
        weights("token_types.weight", WIDTH, TYPES),
        weights("position_embd.weight", WIDTH, context_tokens),
        flat("token_embd_norm.weight", 1.0),
        flat("token_embd_norm.bias", 0.0),
    ]
    for part in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"):
        tensors += [
            weights(f"blk.0.{part}.weight", WIDTH, WIDTH),
            flat(f"blk.0.{part}.bias", 0.0),
        ]
    for part in ("attn_output_norm", "layer_output_norm"):
        tensors += [flat(f"blk.0.{part}.weight", 1.0), flat(f"blk.0.{part}.bias", 0.0)]
    _write(path, _metadata(tokens, context_tokens, pooling), tensors)
    return path


def decoder(path: Path, *, pooling: int = 3, context_tokens: int = 2048) -> Path:
    """Write a model of a chat family that was made for embeddings, as Qwen3-Embedding is."""
    make_gguf.write_gguf(
        path, random_seed=3, context_tokens=context_tokens, extra={"llama.pooling_type": pooling}
    )
    return path


def _metadata(tokens: tuple[str, ...], context_tokens: int, pooling: int | None) -> list[bytes]:
    field = make_gguf._field
    count = len(tokens)
    texts = b"".join(map(make_gguf._text, tokens))
    kinds = [3 if token.startswith("[") else 1 for token in tokens]
    return [
        field("general.architecture", "bert"),
        field("general.name", "tiny-bert"),
        field("general.file_type", 0),
        field("bert.context_length", context_tokens),
        field("bert.embedding_length", WIDTH),
        field("bert.feed_forward_length", WIDTH),
        field("bert.block_count", 1),
        field("bert.attention.head_count", HEADS),
        field("bert.attention.layer_norm_epsilon", 1e-12),
        field("bert.attention.causal", False),
        *([] if pooling is None else [field("bert.pooling_type", pooling)]),
        field("tokenizer.ggml.model", "bert"),
        field("tokenizer.ggml.token_type_count", TYPES),
        make_gguf._list("tokenizer.ggml.tokens", _STRING, count, texts),
        make_gguf._list(
            "tokenizer.ggml.token_type", _I32, count, struct.pack(f"<{count}i", *kinds)
        ),
        field("tokenizer.ggml.padding_token_id", 0),
        field("tokenizer.ggml.unknown_token_id", 1),
        field("tokenizer.ggml.cls_token_id", 2),
        field("tokenizer.ggml.bos_token_id", 2),
        field("tokenizer.ggml.seperator_token_id", 3),
        field("tokenizer.ggml.eos_token_id", 3),
        field("tokenizer.ggml.mask_token_id", 4),
    ]


def _write(path: Path, metadata: list[bytes], tensors: list[make_gguf.Tensor]) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + b"".join(metadata)
    body = b""
    for label, shape, values in tensors:
        head += make_gguf._text(label)
        head += struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(body))
        body += make_gguf._aligned(make_gguf._floats(values))
    path.write_bytes(make_gguf._aligned(head) + body)

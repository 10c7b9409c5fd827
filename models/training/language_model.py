"""Reads Qwen2.5-Coder from a GGUF file, so that it can be taught on: weights, tokenizer, template.

The file's blocks are widened to float32 once. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import Qwen2Config, Qwen2ForCausalLM

NORMAL = 1
"""How the file marks a piece that is plain text; all others are control pieces."""
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def load_language_model(path: Path) -> tuple[Qwen2ForCausalLM, Tokenizer]:
    """Return the model in float32 and its tokenizer. Raises: ValueError for another architecture."""
    reader = GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields["general.architecture"] != "qwen2":
        raise ValueError(
            f"{path} holds {fields['general.architecture']!r}; only qwen2 is read here"
        )
    # The matrix of pieces is stored twice, for reading and writing; the writing copy is finer.
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    if "output.weight" in tensors:
        tensors["token_embd.weight"] = tensors.pop("output.weight")
    with torch.device("meta"):
        model = Qwen2ForCausalLM(_config(fields, len(fields["tokenizer.ggml.tokens"])))
    with ThreadPoolExecutor() as pool:
        widened = pool.map(
            lambda tensor: dequantize(tensor.data, tensor.tensor_type), tensors.values()
        )
        state = {
            _named(name): torch.from_numpy(np.array(values, dtype=np.float32))
            for name, values in zip(tensors, widened, strict=True)
        }
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, assign=True)
    model.tie_weights()
    # The rotary frequencies are no weights: they were made on the device without memory.
    model.model.rotary_emb = type(model.model.rotary_emb)(model.config)
    return model, _tokenizer(fields)


def _config(fields: dict[str, Any], pieces: int) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=pieces,
        hidden_size=fields["qwen2.embedding_length"],
        intermediate_size=fields["qwen2.feed_forward_length"],
        num_hidden_layers=fields["qwen2.block_count"],
        num_attention_heads=fields["qwen2.attention.head_count"],
        num_key_value_heads=fields["qwen2.attention.head_count_kv"],
        rms_norm_eps=fields["qwen2.attention.layer_norm_rms_epsilon"],
        rope_parameters={
            "rope_type": "default",
            "rope_theta": fields["qwen2.rope.freq_base"],
        },
        tie_word_embeddings=True,
    )


def _named(name: str) -> str:
    """Return what transformers calls a tensor of the file."""
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{_NAMES[part]}.{kind}"


def _tokenizer(fields: dict[str, Any]) -> Tokenizer:
    """Build the byte-level tokenizer that the file describes."""
    pieces = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(
        models.BPE(vocab={piece: at for at, piece in enumerate(pieces)}, merges=merges)
    )
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"]
    control = [
        AddedToken(piece, special=True, normalized=False)
        for piece, kind in zip(pieces, kinds, strict=True)
        if kind != NORMAL and piece.startswith("<|")
    ]
    tokenizer.add_special_tokens(control)
    return tokenizer

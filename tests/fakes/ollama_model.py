"""What a fake Ollama server knows of its models, and how it makes up answers."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Each counts as one token; the real tokenizers are of no interest here, only that counts add up.
_TOKEN = re.compile(r"\s*\S+")
TEMPLATE_TOKENS_A_MESSAGE = 4
# As in Ollama's server/prompt.go.
IMAGE_TOKENS = 768

Fault = Literal[
    "",
    "status-500",
    "status-503",
    "error-line",
    "not-json",
    "cut",
    "reset",
    "hang",
    "hang-before",
    "no-done",
    "show-500",
]


@dataclass(frozen=True, slots=True)
class FakeModel:
    """One pulled model. `num_ctx` is the PARAMETER of its Modelfile; `load_s` a delay."""

    name: str = "qwen2.5-coder:7b"
    family: str = "qwen2"
    parameter_size: str = "7.6B"
    quantization: str = "Q4_K_M"
    context_length: int = 32768
    embedding_length: int = 64
    capabilities: tuple[str, ...] = ("completion", "tools", "insert")
    size: int = 4_683_087_332
    num_ctx: int = 0
    remote_model: str = ""
    reply: str = "Hello there, this is the fake speaking."
    thinking: str = ""
    tool_calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    middle: str = "return a + b"
    load_s: float = 0.0
    fault: Fault = ""

    @property
    def digest(self) -> str:
        """The digest of the manifest."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def details(self) -> dict[str, Any]:
        """The `details` object of /api/tags, /api/show and /api/ps."""
        return {
            "parent_model": "",
            "format": "" if self.remote_model else "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization,
        }

    @property
    def remote(self) -> dict[str, Any]:
        """The fields that only models on Ollama's own servers have."""
        if not self.remote_model:
            return {}
        return {"remote_model": self.remote_model, "remote_host": "https://ollama.com:443"}

    @property
    def model_info(self) -> dict[str, Any]:
        """Metadata of the GGUF file; arrays are empty unless verbose."""
        family = self.family
        return {
            "general.architecture": family,
            "general.file_type": 15,
            "general.parameter_count": 7_615_616_512,
            "general.quantization_version": 2,
            f"{family}.attention.head_count": 28,
            f"{family}.attention.head_count_kv": 4,
            f"{family}.block_count": 28,
            f"{family}.context_length": self.context_length,
            f"{family}.embedding_length": self.embedding_length,
            "tokenizer.ggml.merges": [],
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.tokens": [],
        }


def tokens(text: str) -> list[str]:
    """Cut text into what counts as tokens; joined they are the text again."""
    found: list[str] = _TOKEN.findall(text)
    rest = text[sum(map(len, found)) :]
    return [*found[:-1], found[-1] + rest] if found else [rest] if rest else []


def cost(message: Mapping[str, Any]) -> int:
    """Return how many tokens a message takes."""
    words = len(tokens(str(message.get("content") or "")))
    made = message.get("tool_calls")
    calls = len(tokens(json.dumps(made))) if made else 0
    images = IMAGE_TOKENS * len(message.get("images") or ())
    return TEMPLATE_TOKENS_A_MESSAGE + words + calls + images


def truncated(
    messages: Sequence[Mapping[str, Any]], window: int
) -> tuple[list[Mapping[str, Any]], int]:
    """Return what of the conversation the model sees, and its tokens.

    The oldest messages are dropped until the rest fits; system messages and the last one stay. If
    that is still too much, the runner cuts it in the middle. Nobody is told.
    """
    for first in range(len(messages)):
        kept = [m for m in messages[:first] if m.get("role") == "system"]
        seen = [*kept, *messages[first:]]
        count = sum(map(cost, seen))
        if count <= window or first == len(messages) - 1:
            return seen, min(count, window)
    return [], 0


def example(schema: Mapping[str, Any]) -> Any:
    """Return some value that fits a JSON schema (types, properties, items, enum)."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: example(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {"type": "string"}))]
    return {"integer": 22, "number": 0.5, "boolean": True, "null": None}.get(kind, "text")


def vector(text: str, width: int) -> list[float]:
    """Return a unit vector that depends on the text alone."""
    seed = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    raw = [seed[i % len(seed)] / 255 + i / width for i in range(width)]
    norm = math.sqrt(sum(value * value for value in raw))
    return [value / norm for value in raw]

"""What a provider wants to know of a GGUF file; `engines.gguf.GgufMetadata` tells it."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class ModelFile(Protocol):
    """What a GGUF file says of itself (engines.gguf.GgufMetadata)."""

    @property
    def architecture(self) -> str:
        """The family of models, "llama" or "qwen3"."""
        ...

    @property
    def context_tokens(self) -> int:
        """The trained window, 0 unknown."""
        ...

    @property
    def parameters_b(self) -> float:
        """Thousand millions of weights, 0.0 unknown."""
        ...

    @property
    def quantisation(self) -> str:
        """ "Q4_K_M" and the like."""
        ...

    @property
    def embeds(self) -> bool:
        """Whether it was made for embeddings."""
        ...

    @property
    def pooling(self) -> str:
        """How a text's vectors become one; "rank" makes none."""
        ...

    @property
    def size_bytes(self) -> int:
        """Size on disk."""
        ...

    @property
    def mentions_tools(self) -> bool:
        """Whether the chat template knows of tools."""
        ...

    @property
    def hermes_tool_calls(self) -> bool:
        """Whether tool calls are JSON between <tool_call> marks."""
        ...

    @property
    def thinks(self) -> bool:
        """Whether the chat template knows of reasoning."""
        ...


ReadMetadata = Callable[[Path], ModelFile]
"""Raises: ValueError for a file that is no usable model, saying why; OSError."""

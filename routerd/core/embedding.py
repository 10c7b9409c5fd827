"""Texts to vectors: what a client asks for and what a model gives back."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """Texts to be embedded; kept out of `repr` because they are prompts.

    `dimensions`: shorter vectors, where the model can; None leaves its own length.
    """

    texts: tuple[str, ...] = field(repr=False)
    requested_model: str = "auto"
    dimensions: int | None = None
    client: str = "unknown"


@dataclass(frozen=True, slots=True)
class EmbeddingAnswer:
    """One vector for each text, in order: float32, little-endian. -1 tokens: not counted."""

    model: str
    vectors: tuple[bytes, ...] = field(repr=False)
    input_tokens: int = -1

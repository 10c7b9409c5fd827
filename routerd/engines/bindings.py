"""What the worker asks of a llama.cpp binding, and which bindings there are.

Two libraries bring llama.cpp into a Python process; `llama_cpp_python` and `xllamacpp_server` each
wrap one behind `Binding`. Neither is imported here: only the worker process may load native code.
"""

import array
import base64
import importlib.util
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

BindingName = Literal["", "llama-cpp-python", "xllamacpp"]

# Where both are installed llama-cpp-python wins: it comes without wheels, so whoever has it built
# it on purpose, as a rule for this machine's GPU, while xllamacpp's Linux and Windows wheels
# compute on the CPU. `EnginePool(binding=...)` overrides.
_MODULES: dict[BindingName, str] = {"llama-cpp-python": "llama_cpp", "xllamacpp": "xllamacpp"}

# A prompt is read in steps of this many tokens; a cancel takes effect between two steps.
PREFILL_STEP_TOKENS = 256
# llama.cpp rounds a context up to a multiple of this; rounding first keeps both in agreement.
CONTEXT_STEP_TOKENS = 256

Emit = Callable[[Mapping[str, Any]], bool]
"""Takes an OpenAI chunk object and tells whether to stop.

Also takes {"prompt_progress": {"processed", "total"}}, in tokens that were not cached, {}, which
only asks, and of `embed` {"index", "vector", "tokens"}: base64 of float32, little-endian.
"""


class Rejected(Exception):
    """The body can't be answered by this model; the message holds nothing of the prompt.

    `counts` has prompt_tokens and context_tokens where the prompt is too long.
    """

    def __init__(self, message: str, counts: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.counts = counts or {}


class Binding(Protocol):
    """One llama.cpp with at most one model. Not thread-safe: one thread calls all methods."""

    name: BindingName
    version: str

    def load(
        self, path: str, *, context_tokens: int, gpu_layers: int, threads: int, pooling: str = ""
    ) -> int:
        """Load a model; return the context in effect, tokens.

        `gpu_layers` -1 offloads as much as fits; `threads` 0 lets llama.cpp pick. With a `pooling`
        (mean, cls, last) it is loaded for `embed`, and for nothing else.
        Raises: RuntimeError or ValueError where llama.cpp refuses the file.
        """
        ...

    def chat(self, body: Mapping[str, Any], emit: Emit) -> None:
        """Answer an OpenAI chat request in chunks; the last has finish_reason and usage.

        A body with `prompt` instead of `messages` is gone on with as it stands, marks and all.

        It hands chunks to `emit` because one of the libraries calls back and can't be iterated.
        Raises: Rejected; RuntimeError where llama.cpp itself fails.
        """
        ...

    def embed(self, texts: Sequence[str], emit: Emit) -> None:
        """Hand one unit vector a text to `emit`, in order; a text is never cut.

        Raises: Rejected; RuntimeError where llama.cpp itself fails.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


def installed_binding(wanted: str = "") -> BindingName:
    """Return the binding to use, '' where none (or not the wanted one) is installed."""
    for name, module in _MODULES.items():
        if wanted in ("", name) and importlib.util.find_spec(module) is not None:
            return name
    return ""


def context_in_effect(context_tokens: int) -> int:
    """Round down to what llama.cpp can give, at least one step."""
    steps = max(1, context_tokens // CONTEXT_STEP_TOKENS)
    return steps * CONTEXT_STEP_TOKENS


def prompt_too_long(prompt_tokens: int, context_tokens: int) -> Rejected:
    """Return the refusal of a prompt that doesn't fit; nothing is ever cut off silently."""
    return Rejected(
        f"the prompt has {prompt_tokens} tokens, but the model's context holds {context_tokens}; "
        "shorten it or raise llamacpp.context_tokens",
        {"prompt_tokens": prompt_tokens, "context_tokens": context_tokens},
    )


def half_a_character() -> Rejected:
    """Return the refusal of a text that is no Unicode."""
    return Rejected("the prompt holds half a character (a lone surrogate)")


def template_refused() -> Rejected:
    """Return the refusal by a chat template, whose own words may quote the conversation."""
    return Rejected(
        "the model's chat template can't write this conversation; many want roles to alternate "
        "and know no tools"
    )


def vector_event(index: int, values: Sequence[float], tokens: int) -> dict[str, Any]:
    """Return what `embed` hands over for one text: its vector at length 1 (0 stays 0).

    Raises: RuntimeError for a vector with something in it that is no number.
    """
    length = math.sqrt(math.fsum(value * value for value in values))
    if not math.isfinite(length):
        raise RuntimeError("the model made a vector that is not finite")
    unit = array.array("f", [value / length for value in values] if length else values)
    if sys.byteorder == "big":
        unit.byteswap()
    return {"index": index, "vector": base64.b64encode(unit.tobytes()).decode(), "tokens": tokens}
